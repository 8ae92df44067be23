/** Text for mdoc(7): a sentence a line, and nothing in it that would be a request. */
export function prose(text: string): string {
  return escaped(text)
    .replaceAll(/(?<=[.;:)]) (?=[A-Z])/g, '\n')
    .replaceAll(/^(?=[.'])/gm, '\\&');
}

/** Words as an argument of a macro: a lone one that is a macro's name or a full stop stays text. */
export function argument(text: string): string {
  return /^(?:[A-Z][a-z]|[.,:;()[\]?!|])$/.test(text) ? `\\&${text}` : escaped(text);
}

function escaped(text: string): string {
  return text.replaceAll('\\', '\\e').replaceAll('-', '\\-').replaceAll('"', '\\(dq');
}

/**
 * A page with `text` in the place of its one line `.\" @MARK@`.
 * @throws Error where it has no such line
 */
export function fill(page: string, mark: string, text: string): string {
  const line = `.\\" @${mark}@\n`;
  if (!page.includes(line)) throw new Error(`the page has no line ${line}`);
  return page.replace(line, () => `${text}\n`);
}
