import { keys, type Key } from '../../src/config/keys.ts';

/** The part of bound-images.toml(5) that says what keys there are, in mdoc(7), as it has to be by the table in the code. */
export function manualKeys(): string {
  return Object.entries(keys)
    .map(([section, known]) => {
      const items = Object.entries<Key<unknown>>(known).map(([name, key]) => item(name, key));
      return [`.Ss [${section}]`, '.Bl -tag -width Ds', ...items, '.El', ''].join('\n');
    })
    .join('');
}

function item(name: string, { expected, fallback, text }: Key<unknown>): string {
  const value = typeof fallback === 'object' ? `[${fallback.map(quoted).join(', ')}]` : quoted(fallback);
  // A sentence a line: so mdoc knows where sentences end.
  const body = `${text} It has to be ${expected}.`.replaceAll('\\', '\\e').replaceAll('. ', '.\n');
  return `.It Cm ${name.replaceAll('-', '\\-')} No = ${value}\n${body}`;
}

function quoted(value: string | number | boolean): string {
  return typeof value === 'string' ? `\\(dq${value}\\(dq` : String(value);
}
