/** What `sha256sum` and `sha256sum --tag` write (coreutils, "cksum output modes"). */
export interface ChecksumFile {
  readonly sums: readonly { readonly name: string; readonly hex: string }[];
  /** Lines, from 1, that are neither sums nor empty nor comments. */
  readonly odd: readonly number[];
}

const plain = /^(\\?)([0-9a-fA-F]{64}) [ *](.+)$/;
const tagged = /^(\\?)SHA256 \((.+)\) = ([0-9a-fA-F]{64})$/;

export function parseChecksums(text: string): ChecksumFile {
  const sums: { name: string; hex: string }[] = [];
  const odd: number[] = [];
  for (const [at, line] of text.split(/\r?\n/).entries()) {
    const [, escaped = '', hex, name] = plain.exec(line) ?? [];
    const [, tagEscaped = '', tagName, tagHex] = tagged.exec(line) ?? [];
    if (hex !== undefined && name !== undefined)
      sums.push({ name: unescaped(name, escaped), hex: hex.toLowerCase() });
    else if (tagHex !== undefined && tagName !== undefined)
      sums.push({ name: unescaped(tagName, tagEscaped), hex: tagHex.toLowerCase() });
    else if (!/^\s*(?:#|$)/.test(line)) odd.push(at + 1);
  }
  return { sums, odd };
}

/** A backslash before the line says that there are some in the name. */
function unescaped(name: string, mark: string): string {
  if (mark === '') return name;
  const meanings: Readonly<Record<string, string>> = { n: '\n', r: '\r', '\\': '\\' };
  return name.replace(/\\(.)/g, (all, char: string) => meanings[char] ?? all);
}
