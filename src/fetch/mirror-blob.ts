import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { Failure } from '../model/failure.ts';
import type { Span } from './mirror-image.ts';
import { parseRanges } from './mirror-range.ts';

type Open = (span: Span) => Promise<AsyncIterable<Buffer>>;

interface Body {
  readonly status: 200 | 206;
  readonly headers: Readonly<Record<string, string | number>>;
  readonly pieces: () => AsyncIterable<Buffer>;
}

/**
 * Answers a request for a blob: whole, a range of it, as skopeo goes on with after a cut, or several, as c/storage asks of
 * zstd:chunked layers. What fails after the first byte ends the connection: the length then says that bytes are missing.
 * @throws what `open` and its stream throw; Failure `Transient` for fewer bytes than were asked of it, `BadContent` for more
 */
export async function answerBlob(
  request: IncomingMessage,
  response: ServerResponse,
  sizeBytes: number,
  open: Open,
  signal: AbortSignal,
): Promise<void> {
  const spans = parseRanges(request.headers.range, sizeBytes);
  if (spans?.length === 0) {
    response.writeHead(416, { 'content-range': `bytes */${sizeBytes}` }).end();
    return;
  }
  const onlyHead = request.method === 'HEAD';
  const body =
    spans !== undefined && spans.length > 1
      ? bodyOfParts(spans, sizeBytes, open)
      : await bodyOfSpan(spans?.[0], sizeBytes, onlyHead ? nothing : open);
  response.writeHead(body.status, { 'accept-ranges': 'bytes', ...body.headers });
  if (onlyHead) {
    response.end();
    return;
  }
  // At once: skopeo waits for the head for a limited time, and the first byte may be long on its way.
  response.flushHeaders();
  let fail: (failure: Failure) => void = () => {};
  const leave = (cause?: Error): void =>
    fail(new Failure('Cancelled', 'the answer is not wanted any more', { cause }));
  const onAbort = (): void => leave();
  // Once for all pieces: a listener costs as much as writing a piece.
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    for await (const piece of body.pieces()) {
      const written = Promise.withResolvers<void>();
      fail = written.reject;
      if (signal.aborted) onAbort();
      else response.write(piece, (error) => (error ? leave(error) : written.resolve()));
      // Its buffer is used again then.
      await written.promise;
    }
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
  response.end();
}

const binary = 'application/octet-stream';

/** Opened before the status is sent, so that a failure can still be told. */
async function bodyOfSpan(span: Span | undefined, sizeBytes: number, open: Open): Promise<Body> {
  const asked = span ?? { from: 0, to: sizeBytes };
  const stream = await (sizeBytes === 0 ? nothing() : open(asked));
  return {
    status: span === undefined ? 200 : 206,
    headers: {
      'content-type': binary,
      'content-length': asked.to - asked.from,
      ...(span === undefined ? {} : { 'content-range': rangeOf(span, sizeBytes) }),
    },
    pieces: () => measured(stream, asked),
  };
}

/** RFC 9110, 14.6: each span is a part with a head of its own. */
function bodyOfParts(spans: readonly Span[], sizeBytes: number, open: Open): Body {
  const boundary = randomBytes(16).toString('hex');
  const headOf = (span: Span): Buffer =>
    Buffer.from(
      `\r\n--${boundary}\r\nContent-Type: ${binary}\r\nContent-Range: ${rangeOf(span, sizeBytes)}\r\n\r\n`,
    );
  const tail = Buffer.from(`\r\n--${boundary}--\r\n`);
  const lengths = spans.map((span) => headOf(span).length + span.to - span.from);
  return {
    status: 206,
    headers: {
      'content-type': `multipart/byteranges; boundary=${boundary}`,
      'content-length': lengths.reduce((sum, length) => sum + length, tail.length),
    },
    async *pieces() {
      for (const span of spans) {
        yield headOf(span);
        yield* measured(await open(span), span);
      }
      yield tail;
    },
  };
}

/** With a byte too few skopeo would wait for it on the open connection; one too many would be taken for the next answer. */
async function* measured(stream: AsyncIterable<Buffer>, { from, to }: Span): AsyncGenerator<Buffer> {
  let sentBytes = 0;
  let last: Buffer | undefined;
  for await (const piece of stream) {
    sentBytes += piece.length;
    if (sentBytes > to - from)
      throw new Failure('BadContent', `more came than the ${to - from} bytes asked for`);
    // Nobody has the last byte before it is known to be that: the client would be content.
    if (sentBytes === to - from) last = Buffer.from(piece);
    else yield piece;
  }
  if (sentBytes < to - from)
    throw new Failure('Transient', `only ${sentBytes} of the ${to - from} bytes asked for came`);
  if (last !== undefined) yield last;
}

function rangeOf({ from, to }: Span, sizeBytes: number): string {
  return `bytes ${from}-${to - 1}/${sizeBytes}`;
}

async function nothing(): Promise<AsyncIterable<Buffer>> {
  return Readable.from([]);
}
