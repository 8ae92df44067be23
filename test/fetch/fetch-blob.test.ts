import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fetchBlob, type BlobEvent, type OpenBlob } from '../../src/fetch/fetch-blob.ts';
import type { Failure } from '../../src/model/failure.ts';
import { digestParts } from '../../src/model/digest.ts';
import type { Fault, FaultProxyOptions } from '../support/fault-proxy.ts';
import { seededBytes } from '../support/image.ts';
import { type DownloadScene, makeDownloadScene, never } from './download-scene.ts';
import { blobOf, serveBlobs } from './serve-blobs.ts';

const bytes = seededBytes('blob', 700_000);
const blob = blobOf(bytes);

/** One fault for each request in turn, and none for those after them. */
function inTurn(faults: readonly (Fault | undefined)[]): FaultProxyOptions {
  return { faultOf: ({ before }) => faults[before] };
}

async function fetched(scene: DownloadScene): Promise<readonly BlobEvent[]> {
  const events: BlobEvent[] = [];
  await fetchBlob(blob, scene.openOf(blob), scene.parts, never, (event) => events.push(event));
  const { hex } = digestParts(blob.digest);
  const stored = await readFile(join(scene.cache.folderPath, 'blobs', 'sha256', hex));
  expect(stored.equals(bytes)).toBe(true);
  return events;
}

test('cuts at any bytes: what came before a cut is not asked for again', { timeout: 60_000 }, async () => {
  const url = await serveBlobs([bytes]);
  const offset = fc.integer({ min: 0, max: bytes.length - 1 });
  await fc.assert(
    fc.asyncProperty(fc.array(offset, { maxLength: 3 }), async (offsets) => {
      const scene = await makeDownloadScene(
        url,
        inTurn(offsets.map((afterBytes) => ({ kind: 'cut', afterBytes }))),
      );
      await fetched(scene);
      expect(scene.sentBytes()).toBe(bytes.length);
    }),
    { numRuns: 40 },
  );
});

test('each byte once after resets and stalls too, but for what was on its way', async () => {
  const faults = [
    { kind: 'reset', afterBytes: 300_000 },
    { kind: 'stall', afterBytes: 200_000 },
  ] as const;
  const scene = await makeDownloadScene(await serveBlobs([bytes]), {
    ...inTurn(faults),
    parts: { stallMs: 1_000 },
  });
  const events = await fetched(scene);
  const codes = events.flatMap((event) => (event.kind === 'retry' ? [event.failure.code] : []));
  expect(codes).toEqual(['Transient', 'TimedOut']);
  // A reset takes along what the kernel has: of a reader that had no turn yet, all.
  expect(scene.sentBytes()).toBeLessThanOrEqual(bytes.length + 300_000);
});

test('tries are counted between bytes of progress, and a server that sends none is given up', async () => {
  const url = await serveBlobs([bytes]);
  const cuts = Array.from({ length: 8 }, () => ({ kind: 'cut', afterBytes: 70_000 }) as const);
  const scene = await makeDownloadScene(url, inTurn(cuts));
  await fetched(scene);
  expect(scene.sentBytes()).toBe(bytes.length);
  const stubborn = await makeDownloadScene(url, { faultOf: () => ({ kind: 'cut', afterBytes: 9 }) });
  await expect(fetched(stubborn)).rejects.toMatchObject({ code: 'Transient' });
  expect(stubborn.proxy.requests()).toHaveLength(4);
  // What came is kept for the next time.
  expect(stubborn.sentBytes()).toBe(4 * 9);
  await using partial = await stubborn.cache.download(blob);
  expect(partial?.sizeBytes()).toBe(4 * 9);
});

test.each<[string, Fault, string]>([
  ['too short a body', { kind: 'answer', status: 200, body: 'short' }, 'Transient'],
  ['500', { kind: 'answer', status: 500 }, 'Transient'],
  ['503', { kind: 'answer', status: 503, headers: { 'retry-after': '2' } }, 'Transient'],
  ['429', { kind: 'answer', status: 429, headers: { 'retry-after': '7' } }, 'Transient'],
  [
    'a redirect to a dead host',
    { kind: 'answer', status: 307, headers: { location: 'http://127.0.0.1:1/x' } },
    'Transient',
  ],
])('%s, after a cut and before another', async (_, fault, code) => {
  const cut = { kind: 'cut', afterBytes: 200_000 } as const;
  const scene = await makeDownloadScene(await serveBlobs([bytes]), inTurn([cut, fault, fault, cut]));
  const events = await fetched(scene);
  const retries = events.flatMap((event) => (event.kind === 'retry' ? [event] : []));
  expect(retries.map(({ failure }) => failure.code)).toEqual(['Transient', code, code, 'Transient']);
  const asked = fault.kind === 'answer' ? Number(fault.headers?.['retry-after'] ?? 0) * 1_000 : 0;
  expect(retries.map(({ delayMs }) => delayMs)).toEqual([0, asked, asked, 0]);
  const wasted = fault.kind === 'answer' ? 2 * (fault.body?.length ?? 0) : 0;
  expect(scene.sentBytes()).toBeLessThanOrEqual(bytes.length + wasted);
});

test('a token that has expired in the middle is replaced', async () => {
  let issued = 0;
  let valid = 1;
  const url = await serveBlobs([bytes], {
    instead: ({ url: path, headers }, response) => {
      if (path?.startsWith('/token') === true) {
        issued += 1;
        response.end(JSON.stringify({ token: `t${issued}`, expires_in: 300 }));
        return true;
      }
      if (headers.authorization === `Bearer t${valid}`) return false;
      const challenge = `Bearer realm="http://${headers.host}/token",service="x"`;
      response.writeHead(401, { 'www-authenticate': challenge }).end();
      return true;
    },
  });
  const scene = await makeDownloadScene(url, inTurn([undefined, { kind: 'cut', afterBytes: 200_000 }]));
  const pause = async (): Promise<void> => void (valid = 2);
  await fetched({ ...scene, parts: { ...scene.parts, pause } });
  const blobs = scene.proxy.requests().filter(({ path }) => path.includes('/blobs/'));
  expect(blobs.map(({ status, headers }) => [status, headers.authorization])).toEqual([
    [401, undefined],
    [200, 'Bearer t1'],
    [401, 'Bearer t1'],
    [206, 'Bearer t2'],
  ]);
});

test('a refusal is not tried again, and says so', async () => {
  const scene = await makeDownloadScene(
    await serveBlobs([bytes]),
    inTurn([
      { kind: 'cut', afterBytes: 9 },
      { kind: 'answer', status: 403 },
    ]),
  );
  await expect(fetched(scene)).rejects.toMatchObject({ code: 'Authentication' });
  expect(scene.proxy.requests()).toHaveLength(2);
});

test('wrong bytes of one answer are the server\u2019s fault: nothing of them is kept, and nothing is asked again', async () => {
  const scene = await makeDownloadScene(await serveBlobs([bytes]), {
    faultOf: () => ({ kind: 'corrupt', atByte: 1_000 }),
  });
  await expect(fetched(scene)).rejects.toMatchObject({
    code: 'DigestMismatch',
    message: expect.stringContaining(`${scene.proxy.address}/app, ${blob.digest}`),
  });
  expect(scene.sentBytes()).toBe(bytes.length);
  expect(await scene.cache.has(blob.digest)).toBe(false);
  await using partial = await scene.cache.download(blob);
  expect(partial?.sizeBytes()).toBe(0);
});

test('another endpoint is asked instead of the one with wrong bytes', async () => {
  const bad = await makeDownloadScene(await serveBlobs([bytes]), {
    faultOf: () => ({ kind: 'corrupt', atByte: 0 }),
  });
  const good = await makeDownloadScene(await serveBlobs([bytes]));
  const either: OpenBlob = (question) => (question.avoid.size === 0 ? bad : good).openOf(blob)(question);
  await fetchBlob(blob, either, good.parts, never, () => {});
  expect(await good.cache.has(blob.digest)).toBe(true);
});

test('wrong bytes in a piece: all is fetched once more, from zero', async () => {
  const scene = await makeDownloadScene(await serveBlobs([bytes]), {
    faultOf: ({ before }) => [{ kind: 'corrupt', atByte: 5 } as const][before],
    parts: { delayAfter: () => undefined },
  });
  // The first request sends all but comes to its end only here.
  const half = scene.openOf(blob);
  const cutting: OpenBlob = async (question) => {
    const answer = await half(question);
    if (scene.proxy.requests().length > 1) return answer;
    async function* firstPieces(): AsyncGenerator<Buffer> {
      for await (const piece of answer.body) {
        yield piece;
        throw new Error('broken off');
      }
    }
    return { ...answer, body: firstPieces() };
  };
  await expect(fetchBlob(blob, cutting, scene.parts, never, () => {})).rejects.toMatchObject({
    message: 'broken off',
  });
  await fetched(scene);
  const last = scene.proxy.requests().slice(1);
  expect(last.map(({ headers }) => headers.range)).toEqual([
    expect.stringMatching(/^bytes=\d+-699999$/),
    undefined,
  ]);
});

test('a server without ranges sends the whole again', async () => {
  const scene = await makeDownloadScene(
    await serveBlobs([bytes], { ranges: false }),
    inTurn([{ kind: 'cut', afterBytes: 500_000 }]),
  );
  await fetched(scene);
  expect(scene.sentBytes()).toBe(bytes.length + 500_000);
});

test('If-Range goes to the endpoint whose validator it is; one that changes is relied on no more', async () => {
  const cut = { kind: 'cut', afterBytes: 100_000 } as const;
  const scene = await makeDownloadScene(
    await serveBlobs([bytes], { etag: (answer) => `"${Math.max(0, answer - 1)}"` }),
    inTurn([cut, cut, cut, cut]),
  );
  await fetched(scene);
  const asked = scene.proxy.requests().map(({ headers }) => [headers.range, headers['if-range']]);
  expect(asked).toEqual([
    [undefined, undefined],
    ['bytes=100000-699999', '"0"'],
    ['bytes=200000-699999', '"0"'],
    // That brought the whole again, up to the cut: from there on the digest alone decides.
    ['bytes=200000-699999', undefined],
    ['bytes=300000-699999', undefined],
  ]);
});

test('416 and a range that was not asked for: the whole is asked for', async () => {
  const cut = { kind: 'cut', afterBytes: 100_000 } as const;
  const other = {
    kind: 'answer',
    status: 206,
    headers: { 'content-range': 'bytes 0-4/5' },
    body: 'wrong',
  } as const;
  for (const fault of [{ kind: 'answer', status: 416 } as const, other]) {
    const scene = await makeDownloadScene(await serveBlobs([bytes]), inTurn([cut, fault]));
    await fetched(scene);
    expect(scene.proxy.requests().at(-1)?.headers.range).toBeUndefined();
  }
});

test('a cancel ends it at once, and what came is kept', async () => {
  const stop = new AbortController();
  const scene = await makeDownloadScene(
    await serveBlobs([bytes]),
    inTurn([{ kind: 'stall', afterBytes: 400_000 }]),
  );
  const fetching = fetchBlob(blob, scene.openOf(blob), scene.parts, stop.signal, (event) => {
    if (event.kind === 'bytes' && event.presentBytes === 400_000) stop.abort();
  });
  await expect(fetching).rejects.toMatchObject({ code: 'Cancelled' });
  await fetched(scene);
  expect(scene.sentBytes()).toBe(bytes.length);
});

test('readers follow a download, and get its last byte only once the digest is right', async () => {
  const url = await serveBlobs([bytes]);
  const scene = await makeDownloadScene(url, inTurn([{ kind: 'cut', afterBytes: 300_000 }]));
  expect(await scene.cache.read(blob.digest)).toBeUndefined();
  const follow = async (): Promise<Buffer> => {
    const following = await scene.cache.read(blob.digest, { from: 250_000 });
    expect(following?.sizeBytes).toBe(bytes.length);
    return following === undefined ? Buffer.alloc(0) : collect(following.body);
  };
  let followed: Promise<Buffer> | undefined;
  await fetchBlob(blob, scene.openOf(blob), scene.parts, never, (event) => {
    if (event.kind === 'retry') followed = follow();
  });
  expect((await followed)?.equals(bytes.subarray(250_000))).toBe(true);
  const part = await scene.cache.read(blob.digest, { from: 10, to: 20 });
  expect(part && (await collect(part.body)).equals(bytes.subarray(10, 20))).toBe(true);
  const none = await scene.cache.read(blob.digest, { from: bytes.length });
  expect(none && (await collect(none.body)).length).toBe(0);
});

test('readers of a download that fails get its failure, not a whole blob', async () => {
  const scene = await makeDownloadScene(await serveBlobs([bytes]), {
    faultOf: () => ({ kind: 'corrupt', atByte: 699_999 }),
  });
  const read: Promise<Failure | number>[] = [];
  const fetching = fetchBlob(blob, scene.openOf(blob), scene.parts, never, () => {
    if (read.length === 0) read.push(follow());
  });
  const follow = async (): Promise<Failure | number> => {
    const following = await scene.cache.read(blob.digest);
    let total = 0;
    try {
      for await (const piece of following?.body ?? []) total += piece.length;
      return total;
    } catch (error) {
      expect(total).toBeLessThan(bytes.length);
      return error as Failure;
    }
  };
  await expect(fetching).rejects.toMatchObject({ code: 'DigestMismatch' });
  expect(await read[0]).toMatchObject({ code: 'DigestMismatch' });
});

/** A piece holds only until the next. */
async function collect(pieces: AsyncIterable<Buffer>): Promise<Buffer> {
  const copies: Buffer[] = [];
  for await (const piece of pieces) copies.push(Buffer.from(piece));
  return Buffer.concat(copies);
}
