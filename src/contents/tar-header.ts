import { isUtf8 } from 'node:buffer';
import { Failure } from '../model/failure.ts';

export const blockBytes = 512;

/** One header block as it stands, before the extension headers ahead of it are applied. */
export interface TarHeader {
  /** The type flag, `0` for the old NUL (POSIX pax "ustar Header Block"). */
  readonly type: string;
  readonly name: string;
  readonly linkName: string;
  /** As written: also for types that have no data. */
  readonly sizeBytes: number;
  /** Permissions with setuid, setgid and sticky bits. */
  readonly mode: number;
  /** Old GNU sparse file: further blocks of its map follow the header (GNU tar "Basic Tar Format"). */
  readonly moreSparseBlocks: boolean;
}

/**
 * A header block; `end` for a block of zeros. Judged as Go's archive/tar judges it, because that is what unpacks layers:
 * another reading would show another image than the one that boots.
 * @throws Failure `BadContent`
 */
export function parseTarHeader(block: Buffer): TarHeader | 'end' {
  if (block.every((byte) => byte === 0)) return 'end';
  if (!checksumHolds(block))
    throw new Failure('BadContent', 'a tar header is damaged (its checksum does not hold)');
  const magic = block.toString('latin1', 257, 265);
  const isUstar = magic === 'ustar\x0000';
  const isStar = isUstar && block.toString('latin1', 508, 512) === 'tar\0';
  const prefix = isUstar ? textIn(block, 345, isStar ? 131 : 155) : '';
  const flag = block.toString('latin1', 156, 157);
  const name = textIn(block, 0, 100);
  return {
    type: flag === '\0' ? '0' : flag,
    name: prefix === '' ? name : `${prefix}/${name}`,
    linkName: textIn(block, 157, 100),
    sizeBytes: sizeIn(block.subarray(124, 136)),
    // What is no number is of no matter to who reads names and contents.
    mode: (octal(block.subarray(100, 108)) ?? 0) & 0o7777,
    moreSparseBlocks: flag === 'S' && block[482] !== 0,
  };
}

/** A name's bytes as text, each byte that makes them no UTF-8 shown as `\xNN`. */
export function nameText(bytes: Buffer): string {
  if (isUtf8(bytes)) return bytes.toString('utf8');
  return bytes
    .toString('latin1')
    .replace(/[^ -~]/g, (byte) => `\\x${byte.charCodeAt(0).toString(16).padStart(2, '0')}`);
}

function textIn(block: Buffer, offset: number, length: number): string {
  const field = block.subarray(offset, offset + length);
  const end = field.indexOf(0);
  return nameText(end < 0 ? field : field.subarray(0, end));
}

function sizeIn(field: Buffer): number {
  const first = field[0] ?? 0;
  // GNU's base-256 for what octal digits cannot hold; 0xff begins a negative number.
  const size = (first & 0x80) === 0 ? octal(field) : base256(field);
  if (size === undefined || !Number.isSafeInteger(size))
    throw new Failure('BadContent', 'a tar header has no sensible size');
  return size;
}

function octal(field: Buffer): number | undefined {
  const digits = field.toString('latin1').replaceAll('\0', ' ').trim();
  if (digits === '') return 0;
  return /^[0-7]+$/.test(digits) ? Number.parseInt(digits, 8) : undefined;
}

function base256(field: Buffer): number | undefined {
  if (field[0] !== 0x80) return undefined;
  return Number(BigInt(`0x${field.toString('hex', 1)}`));
}

/** Both sums are in use: old tars added signed bytes (GNU tar "Basic Tar Format"). */
function checksumHolds(block: Buffer): boolean {
  const said = octal(block.subarray(148, 156));
  let unsigned = 0;
  let signed = 0;
  // By index: an iterator here costs a fifth of all the time that a layer takes.
  for (let at = 0; at < blockBytes; at += 1) {
    const byte = at >= 148 && at < 156 ? 0x20 : (block[at] ?? 0);
    unsigned += byte;
    signed += byte < 0x80 ? byte : byte - 0x100;
  }
  return said === unsigned || said === signed;
}
