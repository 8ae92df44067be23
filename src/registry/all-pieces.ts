import type { Readable } from 'node:stream';

/** What waits for its reader before the sender is made to wait. */
const limitBytes = 256 * 1024;

/**
 * The pieces of a body, those too that came just before it broke: a Readable's own iterator drops what it holds at an error, and
 * on a bad link that is fetched again at each cut. It listens from now on, so that a break before the first piece is asked for is
 * not missed.
 */
export function allPieces(body: Readable): AsyncGenerator<Buffer> {
  const waiting: Buffer[] = [];
  let waitingBytes = 0;
  let end: { readonly error: Error | undefined } | undefined;
  let wake = Promise.withResolvers<void>();
  const add = (piece: Buffer): void => {
    waiting.push(piece);
    waitingBytes += piece.length;
    if (waitingBytes >= limitBytes) body.pause();
    wake.resolve();
  };
  const onEnd = (error?: Error): void => {
    // What it took while it was paused.
    const rest = end === undefined && error !== undefined ? (body.read() as Buffer | null) : null;
    if (rest !== null) add(rest);
    end ??= { error };
    wake.resolve();
  };
  body.on('data', add);
  body.once('end', () => onEnd());
  body.once('error', onEnd);
  body.once('close', () => onEnd(new Error('closed before its end')));

  async function* pieces(): AsyncGenerator<Buffer> {
    try {
      for (;;) {
        const ready = waiting.splice(0);
        waitingBytes = 0;
        yield* ready;
        if (waiting.length > 0) continue;
        if (end?.error !== undefined) throw end.error;
        if (end !== undefined) return;
        wake = Promise.withResolvers();
        body.resume();
        await wake.promise;
      }
    } finally {
      body.destroy();
    }
  }
  return pieces();
}
