import type { Descriptor } from '../model/manifest.ts';
import type { Ask, Target } from './ask.ts';
import { checkRange, rangeHeader, type ByteRange } from './byte-range.ts';
import { nameOf } from './manifest-at.ts';
import { verified } from './verify-body.ts';

interface BlobBody {
  /** Checked while it is read: its bytes count only once its end has been reached. */
  readonly body: AsyncIterable<Buffer>;
  /** Ends an answer that is not read. */
  readonly discard: () => Promise<void>;
}

/** A blob, or a range of it, at one endpoint. */
export type BlobAt = (
  target: Target,
  descriptor: Descriptor,
  range: ByteRange | undefined,
  signal: AbortSignal | undefined,
) => Promise<BlobBody>;

/** @returns a function that throws Failure `BadContent` where another range came, and what `ask` throws */
export function createBlobAt(ask: Ask): BlobAt {
  return async (target, { digest, sizeBytes }, range, signal) => {
    const resource = `blobs/${digest}`;
    const what = `${nameOf(target)}, ${resource}`;
    const { headers, lengthBytes, part } = rangeHeader(range, sizeBytes, what);
    // HTTP has no way to ask for nothing.
    if (lengthBytes === 0 && part) return { body: nothing(), discard: async () => {} };
    const answer = await ask(target, { method: 'GET', resource, headers, signal });
    try {
      checkRange(answer, part ? range : undefined, sizeBytes, what);
    } catch (error) {
      await answer.discard();
      throw error;
    }
    return {
      body: verified(answer.body, lengthBytes, part ? undefined : digest, what),
      discard: () => answer.discard(),
    };
  };
}

async function* nothing(): AsyncGenerator<Buffer> {}
