import type { BlobId, OpenedBlob, Validator } from '../model/blob.ts';
import { Failure } from '../model/failure.ts';
import type { Ask, Target } from './ask.ts';
import { checkRange, rangeHeader } from './byte-range.ts';
import { nameOf } from './manifest-at.ts';
import type { Answer } from './send.ts';
import { verified } from './verify-body.ts';

/** A blob at one endpoint, from an offset on where the endpoint can do that, and else from its start. */
export type BlobFrom = (
  target: Target,
  blob: BlobId,
  start: { readonly from: number; readonly validator?: Validator | undefined },
  signal: AbortSignal | undefined,
) => Promise<OpenedBlob>;

/** @returns a function that throws what `ask` throws, and `BadContent` for an offset outside the blob */
export function createBlobFrom(ask: Ask): BlobFrom {
  return async (target, { digest, sizeBytes }, { from, validator }, signal) => {
    const endpoint = nameOf(target);
    const resource = `blobs/${digest}`;
    const what = `${endpoint}, ${resource}`;
    const range = { offset: from, lengthBytes: sizeBytes - from };
    const { headers, part } = rangeHeader(range, sizeBytes, what);
    // A validator is one server's (RFC 9110, 13.1.5); to another it would say that the bytes are others.
    const same = part && validator?.endpoint === endpoint ? { 'if-range': validator.etag } : {};
    const request = async (more: Readonly<Record<string, string>>): Promise<Answer> =>
      ask(target, {
        method: 'GET',
        resource,
        headers: { 'accept-encoding': 'identity', ...more },
        also: [416],
        signal,
      });
    let answer = await request({ ...headers, ...same });
    // It cannot do ranges, or does them wrong: from the start, then.
    const whole = answer.status === 200 || !part;
    if (!whole && !isRange(answer, range, sizeBytes, what)) {
      await answer.discard();
      answer = await request({});
    }
    const begins = answer.status === 206 ? from : 0;
    try {
      checkRange(answer, begins === 0 ? undefined : range, sizeBytes, what);
      checkLength(answer, sizeBytes - begins, what);
    } catch (error) {
      await answer.discard();
      throw error;
    }
    const etag = strongTag(answer.header('etag'));
    return {
      from: begins,
      endpoint,
      ...(etag === undefined ? {} : { validator: { endpoint, etag } }),
      body: verified(answer.body, sizeBytes - begins, undefined, what),
      discard: () => answer.discard(),
    };
  };
}

function isRange(...[answer, ...rest]: Parameters<typeof checkRange>): boolean {
  try {
    checkRange(answer, ...rest);
    return true;
  } catch {
    return false;
  }
}

/** A portal that wants a login first answers all with a page of its own: nothing may be thrown away for that. */
function checkLength(answer: Answer, expectedBytes: number, what: string): void {
  const length = answer.header('content-length');
  if (length !== undefined && Number(length) !== expectedBytes)
    throw new Failure('Transient', `${what}: ${length} bytes come where ${expectedBytes} were asked for`);
}

/** A weak one does not vouch for single bytes (RFC 9110, 8.8.3). */
function strongTag(value: string | undefined): string | undefined {
  return value !== undefined && value.length <= 256 && /^"[\x21\x23-\x7e]*"$/.test(value) ? value : undefined;
}
