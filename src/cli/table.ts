import { stripVTControlCharacters } from 'node:util';

/** Width that every table fits in, for a terminal of the classic size and for a log. */
export const lineWidth = 80;

/**
 * Lines of a table whose first column takes what room the others leave. A first cell that is longer stands on a line of its own:
 * a reference is never cut, since people copy it.
 */
export function renderTable(rows: readonly (readonly string[])[]): string[] {
  const [header] = rows;
  if (header === undefined) return [];
  const widths = header.map((_, column) => Math.max(...rows.map((row) => width(row[column] ?? ''))));
  const others = widths.slice(1).reduce((total, each) => total + each + 2, 0);
  const first = Math.min(widths[0] ?? 0, Math.max(lineWidth - others, 10));
  return rows.flatMap(([name = '', ...cells]) => {
    const rest = cells.map((cell, index) => pad(cell, widths[index + 1] ?? 0)).join('  ');
    if (width(name) <= first) return [`${pad(name, first)}  ${rest}`.trimEnd()];
    return [name, `${' '.repeat(first)}  ${rest}`.trimEnd()];
  });
}

/** Text broken at spaces so that each line fits behind an indent. */
export function wrap(text: string, indent = '  '): string[] {
  const lines: string[] = [];
  let line = indent;
  for (const word of text.split(/\s+/)) {
    if (line !== indent && width(line) + 1 + width(word) > lineWidth) {
      lines.push(line);
      line = indent;
    }
    line += line === indent ? word : ` ${word}`;
  }
  return [...lines, line];
}

function pad(text: string, to: number): string {
  return text + ' '.repeat(Math.max(0, to - width(text)));
}

function width(text: string): number {
  return stripVTControlCharacters(text).length;
}
