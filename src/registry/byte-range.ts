import { Failure } from '../model/failure.ts';
import type { Answer } from './send.ts';

export interface ByteRange {
  readonly offset: number;
  readonly lengthBytes: number;
}

/** How to ask for a range of a blob; `part` is false where it is the whole. @throws Failure `BadContent` outside the blob */
export function rangeHeader(
  range: ByteRange | undefined,
  sizeBytes: number,
  what: string,
): {
  readonly headers: Readonly<Record<string, string>>;
  readonly lengthBytes: number;
  readonly part: boolean;
} {
  if (range === undefined) return { headers: {}, lengthBytes: sizeBytes, part: false };
  const { offset, lengthBytes } = range;
  const sane =
    Number.isSafeInteger(offset) && Number.isSafeInteger(lengthBytes) && offset >= 0 && lengthBytes >= 0;
  if (!sane || offset + lengthBytes > sizeBytes)
    throw new Failure(
      'BadContent',
      `${what}: bytes ${offset} to ${offset + lengthBytes} are not in its ${sizeBytes}`,
    );
  const part = lengthBytes < sizeBytes;
  return {
    headers: part ? { range: `bytes=${offset}-${offset + lengthBytes - 1}` } : {},
    lengthBytes,
    part,
  };
}

/**
 * Checks that an answer is the range that was asked for (RFC 9110, 14.4), or the whole where none was.
 * @throws Failure `BadContent`
 */
export function checkRange(
  answer: Pick<Answer, 'status' | 'header'>,
  range: ByteRange | undefined,
  sizeBytes: number,
  what: string,
): void {
  if (range === undefined) {
    if (answer.status === 200) return;
    throw new Failure('BadContent', `${what}: a part came where the whole was asked for`);
  }
  if (answer.status !== 206)
    throw new Failure(
      'BadContent',
      `${what}: the registry does not serve ranges; the whole has to be fetched`,
    );
  const [, first, last, total] =
    /^bytes (\d{1,16})-(\d{1,16})\/(\d{1,16}|\*)$/.exec(answer.header('content-range') ?? '') ?? [];
  const right =
    Number(first) === range.offset &&
    Number(last) === range.offset + range.lengthBytes - 1 &&
    (total === '*' || Number(total) === sizeBytes);
  if (!right) throw new Failure('BadContent', `${what}: another range came than the one asked for`);
}
