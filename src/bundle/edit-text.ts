/** A change of one assignment in a quadlet. Lines count from 1, and mean the first line of an assignment that goes on over several. */
export type Edit =
  | { readonly kind: 'replace'; readonly line: number; readonly from: string; readonly to: string }
  | { readonly kind: 'insert-before' | 'insert-after'; readonly line: number; readonly text: string };

interface Line {
  readonly text: string;
  /** `\n`, `\r\n`, or nothing at the end of a file without a final newline. */
  readonly end: string;
}

/**
 * The text with all edits made and every other byte as it was. Undefined where one of them does not fit: its line, or what it
 * replaces, is not there. Pure.
 */
export function applyEdits(text: string, edits: readonly Edit[]): string | undefined {
  const lines = [...text.matchAll(/([^\n]*?)(\r?\n|$)/g)]
    .map(([, line = '', end = '']): Line => ({ text: line, end }))
    .filter((line) => line.text !== '' || line.end !== '');
  // From the last line to the first, so that an insertion moves no line that is still to be edited; on one line it comes last.
  const rank = ({ kind }: Edit): number => (kind.startsWith('insert') ? 1 : 0);
  for (const edit of edits.toSorted((a, b) => b.line - a.line || rank(a) - rank(b)))
    if (!applyEdit(lines, edit)) return undefined;
  return lines.map((line) => line.text + line.end).join('');
}

function applyEdit(lines: Line[], edit: Edit): boolean {
  const first = edit.line - 1;
  if (lines[first] === undefined) return false;
  const last = lastLine(lines, first);
  const newline = lines.find(({ end }) => end !== '')?.end ?? '\n';
  switch (edit.kind) {
    case 'replace': {
      for (let index = first; index <= last; index++) {
        const { text, end } = lines[index] as Line;
        // In the value: a key may have the same letters.
        const at = text.indexOf(edit.from, index === first ? text.indexOf('=') + 1 : 0);
        if (at === -1) continue;
        lines[index] = { text: text.slice(0, at) + edit.to + text.slice(at + edit.from.length), end };
        return true;
      }
      return false;
    }
    case 'insert-before':
      lines.splice(first, 0, { text: edit.text, end: newline });
      return true;
    case 'insert-after': {
      const { text, end } = lines[last] as Line;
      lines.splice(last, 1, { text, end: end === '' ? newline : end }, { text: edit.text, end });
      return true;
    }
  }
}

/** Index of an assignment's last line: a backslash goes on, over comments and empty lines too (systemd.syntax(7)). */
function lastLine(lines: readonly Line[], first: number): number {
  let last = first;
  for (let index = first; index < lines.length - 1 && continues(lines[index]);) {
    index += 1;
    while (index < lines.length - 1 && isComment(lines[index])) index += 1;
    last = index;
  }
  return last;
}

function continues(line: Line | undefined): boolean {
  return line?.text.trimEnd().endsWith('\\') ?? false;
}

function isComment(line: Line | undefined): boolean {
  return /^\s*(?:[#;]|$)/.test(line?.text ?? '');
}
