import { Failure } from '../model/failure.ts';
import type { Answer } from './send.ts';

/** A whole body. @throws Failure `BadContent` where it is larger than `limitBytes`, and what the body throws */
export async function readBody(
  answer: Pick<Answer, 'body'>,
  limitBytes: number,
  what: string,
): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let total = 0;
  for await (const piece of answer.body) {
    total += piece.length;
    if (total > limitBytes) throw new Failure('BadContent', `${what}: larger than ${limitBytes} bytes`);
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}
