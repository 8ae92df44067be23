/** The head of an answer whose body has a length and nothing else about it. */
export interface Head {
  readonly status: number;
  /** By names in lower case; several of one name joined with ", ". */
  readonly headers: ReadonlyMap<string, string>;
  readonly bodyBytes: number;
}

/**
 * An HTTP/1.1 answer's head (RFC 9112, 4 and 5), from its first byte to its empty line.
 * @returns undefined for what takes more than that to read: no length or two, an encoding, an interim answer, anything malformed
 */
export function parseHead(text: string): Head | undefined {
  const [first = '', ...lines] = text.split('\r\n').slice(0, -2);
  const status = Number(/^HTTP\/1\.1 ([2-5]\d\d)(?: [\t\x20-\x7e\x80-\xff]*)?$/.exec(first)?.[1]);
  const headers = new Map<string, string>();
  for (const line of lines) {
    const [, name, value] =
      /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([\t\x20-\x7e\x80-\xff]*?)[ \t]*$/.exec(line) ?? [];
    if (name === undefined || value === undefined) return undefined;
    const key = name.toLowerCase();
    const before = headers.get(key);
    headers.set(key, before === undefined ? value : `${before}, ${value}`);
  }
  const bodyBytes = Number(/^\d{1,15}$/.exec(headers.get('content-length') ?? '')?.[0]);
  if (Number.isNaN(status) || Number.isNaN(bodyBytes) || status === 204 || status === 304) return undefined;
  if (headers.has('transfer-encoding')) return undefined;
  return { status, headers, bodyBytes };
}
