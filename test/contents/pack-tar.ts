/** One entry of a tar as a test wants it, right or wrong. */
export interface PackEntry {
  readonly name: string | Buffer;
  /** The type flag; `0`, a regular file, unless given. */
  readonly type?: string;
  readonly content?: string | Buffer;
  readonly linkName?: string;
  /** What the header says, where that is not the content's length. */
  readonly sizeField?: string | Buffer;
  /** Other bytes of the header, by their offset. */
  readonly patch?: Readonly<Record<number, Buffer>>;
}

export function file(name: string, content: string | Buffer = ''): PackEntry {
  return { name, content };
}

export function folder(name: string): PackEntry {
  return { name: `${name}/`, type: '5' };
}

export function symlink(name: string, linkName: string): PackEntry {
  return { name, type: '2', linkName };
}

export function hardlink(name: string, linkName: string): PackEntry {
  return { name, type: '1', linkName };
}

/** A pax extended header for the entry after it. */
export function pax(records: Readonly<Record<string, string | Buffer>>): PackEntry {
  return { name: 'pax', type: 'x', content: Buffer.concat(Object.entries(records).map(paxRecord)) };
}

/** GNU's own way for names of more than 100 bytes: `L` for the name, `K` for a link's target. */
export function gnuLong(type: 'L' | 'K', name: string): PackEntry {
  return { name: '././@LongLink', type, content: `${name}\0` };
}

/** A tar with the two blocks of zeros at its end. */
export function tar(...entries: readonly PackEntry[]): Buffer {
  return Buffer.concat([...entries.map(packed), Buffer.alloc(1024)]);
}

/** Header and data of one entry. */
export function packed(entry: PackEntry): Buffer {
  const content = Buffer.from(entry.content ?? '');
  return Buffer.concat([header(entry, content.length), content, Buffer.alloc(-content.length & 511)]);
}

export function header(
  { name, type = '0', linkName = '', sizeField, patch = {} }: PackEntry,
  sizeBytes: number,
): Buffer {
  const block = Buffer.alloc(512);
  Buffer.from(name).copy(block, 0, 0, 100);
  block.write('0000644\x000000000\x000000000\x00', 100, 'latin1');
  Buffer.from(sizeField ?? `${sizeBytes.toString(8).padStart(11, '0')}\0`).copy(block, 124, 0, 12);
  block.write('00000000000\x00', 136, 'latin1');
  block.write(type, 156, 'latin1');
  Buffer.from(linkName).copy(block, 157, 0, 100);
  block.write('ustar\x0000', 257, 'latin1');
  for (const [offset, bytes] of Object.entries(patch)) bytes.copy(block, Number(offset));
  block.write('        ', 148, 'latin1');
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return block;
}

function paxRecord([key, value]: [string, string | Buffer]): Buffer {
  const rest = Buffer.concat([Buffer.from(` ${key}=`), Buffer.from(value), Buffer.from('\n')]);
  let length = rest.length + 1;
  while (String(length).length + rest.length !== length) length = String(length).length + rest.length;
  return Buffer.concat([Buffer.from(String(length)), rest]);
}
