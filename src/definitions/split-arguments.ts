/**
 * Splits a value such as `PodmanArgs=` into words: quotes group and are removed, C escapes are replaced, as podman's
 * pkg/systemd/parser/split.go does it after systemd's extract-word.c. Pure.
 *
 * Three habits of podman's are kept, for what counts is the command it runs: an unbalanced quote ends with the text, a text
 * with an escape that systemd does not know gives no words at all, and an empty word ("") ends the text.
 */
export function splitArguments(text: string): readonly string[] {
  const words: string[] = [];
  let rest = text;
  for (;;) {
    const taken = takeWord(rest);
    if (taken === undefined) return [];
    if (taken.word === '') return words;
    words.push(taken.word);
    rest = taken.rest;
  }
}

const separators = ' \t\n\r';
const simpleEscapes: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  '\\': '\\',
  '"': '"',
  "'": "'",
  s: ' ',
};
const codeEscape =
  /^(?:x(?<x>[0-9a-fA-F]{2})|u(?<u>[0-9a-fA-F]{4})|U(?<U>[0-9a-fA-F]{8})|(?<octal>[0-7]{3}))/;

/** The first word and what follows it; undefined where an escape is unknown. */
function takeWord(text: string): { word: string; rest: string } | undefined {
  let at = 0;
  while (separators.includes(text[at] ?? '_')) at += 1;
  let word = '';
  let quote = '';
  for (; at < text.length; at += 1) {
    const c = text[at] as string;
    if (c === '\0') return { word, rest: '' }; // split.go marks the end of its text so
    if (c === '\\') {
      if (at + 1 === text.length || text[at + 1] === '\0') break;
      const escape = unescape(text.slice(at + 1, at + 10));
      if (escape === undefined) return undefined;
      word += escape.character;
      at += escape.length;
    } else if (quote !== '') {
      if (c === quote) quote = '';
      else word += c;
    } else if (c === '"' || c === "'") {
      quote = c;
    } else if (separators.includes(c)) {
      while (separators.includes(text[at] ?? '_')) at += 1;
      return { word, rest: text.slice(at) };
    } else {
      word += c;
    }
  }
  return { word, rest: '' };
}

function unescape(text: string): { character: string; length: number } | undefined {
  const simple = simpleEscapes[text[0] ?? ''];
  if (simple !== undefined) return { character: simple, length: 1 };
  const match = codeEscape.exec(text);
  if (match?.groups === undefined) return undefined;
  const { x, u, U, octal } = match.groups;
  const code = octal === undefined ? Number.parseInt(x ?? u ?? U ?? '', 16) : Number.parseInt(octal, 8);
  if (code === 0 || code > (octal === undefined ? 0x10ffff : 0xff)) return undefined;
  const isSurrogate = code >= 0xd800 && code <= 0xdfff;
  return { character: isSurrogate ? '\ufffd' : String.fromCodePoint(code), length: match[0].length };
}
