/** One challenge of a WWW-Authenticate header (RFC 9110, 11.3). Names are lower case. */
export interface Challenge {
  readonly scheme: string;
  readonly parameters: ReadonlyMap<string, string>;
}

const limitChars = 16 * 1024;
const token = String.raw`[!#$%&'*+.^_\`|~0-9A-Za-z-]+`;
const parameter = new RegExp(String.raw`[\s,]*(${token})\s*=\s*(?:"((?:[^"\\]|\\.)*)"|(${token}))`, 'y');
const scheme = new RegExp(String.raw`[\s,]*(${token})(?=[\s,]|$)`, 'y');
const token68 = /[ \t]+[A-Za-z0-9._~+/-]+=*(?=\s*(?:,|$))/y;

/**
 * The challenges of a WWW-Authenticate header, several headers joined with commas. What cannot be read ends the list: it is
 * the server's fault, and an answer to the part that was read is still the best that can be done.
 */
export function parseAuthenticate(header: string): readonly Challenge[] {
  const text = header.slice(0, limitChars);
  const challenges: Challenge[] = [];
  let at = 0;
  const take = (pattern: RegExp): RegExpExecArray | undefined => {
    pattern.lastIndex = at;
    const match = pattern.exec(text) ?? undefined;
    if (match !== undefined) at = pattern.lastIndex;
    return match;
  };
  for (let name = take(scheme)?.[1]; name !== undefined; name = take(scheme)?.[1]) {
    const parameters = new Map<string, string>();
    if (take(token68) === undefined) {
      for (let match = take(parameter); match !== undefined; match = take(parameter)) {
        const [, key = '', quoted, plain] = match;
        // The first of a repeated parameter counts: a later one could only be smuggled in.
        const lower = key.toLowerCase();
        if (!parameters.has(lower)) parameters.set(lower, plain ?? quoted?.replaceAll(/\\(.)/gs, '$1') ?? '');
      }
    }
    challenges.push({ scheme: name.toLowerCase(), parameters });
  }
  return challenges;
}
