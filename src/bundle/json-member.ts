/** Where a value stands in a JSON text. */
interface Member {
  readonly key: string | number;
  readonly start: number;
  readonly end: number;
  /** What sets it off from what stands before it. */
  readonly space: string;
}

/**
 * A JSON text with one value set and every other byte as it was: order, spacing, numbers and keys that JSON.parse would not
 * give back as they came. Objects on the way that are missing, or null, are made. Of equal keys the last one counts, as for JSON.parse.
 * @param text is valid JSON: JSON.parse has taken it
 * @param path keys of objects and indexes of arrays; an index has to be there
 * @param value JSON text
 */
export function withMember(text: string, path: readonly (string | number)[], value: string): string {
  const start = skipSpace(text, 0);
  const end = endOfValue(text, start);
  return text.slice(0, start) + setIn(text.slice(start, end), path, value) + text.slice(end);
}

function setIn(text: string, path: readonly (string | number)[], value: string): string {
  const [key, ...rest] = path;
  if (key === undefined) return value;
  if (!/^[{[]/.test(text)) return setIn('{}', path, value);
  const members = membersOf(text);
  const there = members.findLast((member) => member.key === key);
  if (there !== undefined)
    return (
      text.slice(0, there.start) +
      setIn(text.slice(there.start, there.end), rest, value) +
      text.slice(there.end)
    );
  if (text.startsWith('[')) throw new RangeError(`the array has no ${key}`);
  const written = (space: string): string =>
    `${JSON.stringify(key)}:${space.includes('\n') ? ' ' : ''}${setIn('{}', rest, value)}`;
  const last = members.at(-1);
  if (last === undefined) return `{${written('')}}`;
  const { space } = last;
  return `${text.slice(0, last.end)},${space}${written(space)}${text.slice(last.end)}`;
}

function membersOf(text: string): Member[] {
  const isObject = text.startsWith('{');
  const members: Member[] = [];
  let before = 1;
  for (let at = skipSpace(text, 1); !/[}\]]/.test(text[at] ?? '}');) {
    const space = text.slice(before, at);
    let key: string | number = members.length;
    if (isObject) {
      const keyEnd = endOfValue(text, at);
      key = JSON.parse(text.slice(at, keyEnd)) as string;
      // Past the colon.
      at = skipSpace(text, skipSpace(text, keyEnd) + 1);
    }
    const end = endOfValue(text, at);
    members.push({ key, start: at, end, space });
    at = skipSpace(text, end);
    before = at + 1;
    if (text[at] === ',') at = skipSpace(text, before);
  }
  return members;
}

function endOfValue(text: string, start: number): number {
  let depth = 0;
  for (let at = start; at < text.length; at += 1) {
    const char = text[at] ?? '';
    if (char === '"') at = endOfString(text, at) - 1;
    else if (char === '{' || char === '[') depth += 1;
    else if (depth === 0 && /[,\]}\s:]/.test(char)) return at;
    else if (char === '}' || char === ']') depth -= 1;
    if (depth === 0 && /["}\]]/.test(char)) return at + 1;
  }
  return text.length;
}

function endOfString(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at += 1) {
    if (text[at] === '\\') at += 1;
    else if (text[at] === '"') return at + 1;
  }
  return text.length;
}

function skipSpace(text: string, start: number): number {
  let at = start;
  while (/\s/.test(text[at] ?? '')) at += 1;
  return at;
}
