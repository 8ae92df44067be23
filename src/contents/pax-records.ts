import { Failure } from '../model/failure.ts';
import { nameText } from './tar-header.ts';

/** What is used of a pax extended header (POSIX pax "pax Extended Header") and of GNU tar's sparse files in it. */
export interface PaxRecords {
  readonly path?: string;
  readonly linkPath?: string;
  readonly sizeBytes?: number;
  readonly sparse?: true;
}

/**
 * The records of one extended header, each `LENGTH KEY=VALUE\n`.
 * @throws Failure `BadContent`
 */
export function parsePaxRecords(bytes: Buffer): PaxRecords {
  let records: { -readonly [K in keyof PaxRecords]: PaxRecords[K] } = {};
  for (let at = 0; at < bytes.length;) {
    const space = bytes.indexOf(0x20, at);
    const digits = space < 0 || space - at > 7 ? '' : bytes.toString('latin1', at, space);
    const end = at + Number(digits);
    const equals = bytes.indexOf(0x3d, space);
    // At least a digit, the space, a key, "=" and the newline: this is what makes every step go forward.
    const sound = /^[1-9]\d*$/.test(digits) && equals > space + 1 && equals < end && bytes[end - 1] === 0x0a;
    if (!sound) throw new Failure('BadContent', 'a pax header has a damaged record');
    const value = bytes.subarray(equals + 1, end - 1);
    const key = bytes.toString('latin1', space + 1, equals);
    if (/path|name/.test(key) && !key.startsWith('SCHILY.') && value.includes(0))
      throw new Failure('BadContent', 'a name holds a NUL byte');
    records = { ...records, ...recordOf(key, value) };
    at = end;
  }
  return records;
}

function recordOf(key: string, value: Buffer): PaxRecords {
  switch (key) {
    case 'path':
      return value.length === 0 ? {} : { path: nameText(value) };
    case 'linkpath':
      return value.length === 0 ? {} : { linkPath: nameText(value) };
    case 'size':
      return { sizeBytes: sizeOf(value.toString('latin1')) };
    case 'GNU.sparse.name':
      return { path: nameText(value), sparse: true };
    default:
      return key.startsWith('GNU.sparse.') ? { sparse: true } : {};
  }
}

function sizeOf(text: string): number {
  const size = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  if (!Number.isSafeInteger(size)) throw new Failure('BadContent', 'a pax header has no sensible size');
  return size;
}
