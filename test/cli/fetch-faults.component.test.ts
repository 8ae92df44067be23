import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Fault, ProxiedRequest } from '../support/fault-proxy.ts';
import { type Registry, startRegistry } from '../support/registry.ts';
import { configure, makeFetchScene, pushSharing } from './fetch-scene.ts';
import { allowPlainHttp } from './scene.ts';

const stack = new AsyncDisposableStack();
const images = ['one', 'two'];
let registry: Registry;
let uniqueBytes: number;

beforeAll(async () => {
  stack.use(await allowPlainHttp());
  stack.use(await configure('[fetch]\nstall-limit = "1s"\n'));
  registry = stack.use(await startRegistry());
  uniqueBytes = await pushSharing(registry, images, 6_000_000, 3_000_000);
});
afterAll(() => stack.disposeAsync());

const isLayer = ({ method, path }: ProxiedRequest): boolean => method === 'GET' && path.includes('/blobs/');
/** A server that wants a token now, and where one is had. */
const expired: Extract<Fault, { kind: 'answer' }> = {
  kind: 'answer',
  status: 401,
  headers: { 'www-authenticate': 'Bearer realm="http://PROXY/token",service="test"' },
};
const answer = (status: number, headers: Readonly<Record<string, string>> = {}): Fault => ({
  kind: 'answer',
  status,
  headers,
});

/** What passes is mended within the run: the answers that each blob gets first. */
test.each<[string, readonly Fault[]]>([
  ['cut at the first byte', [{ kind: 'cut', afterBytes: 0 }]],
  ['cut in the middle', [{ kind: 'cut', afterBytes: 1_234_567 }]],
  ['cut again and again', [1, 2, 3, 4].map(() => ({ kind: 'cut', afterBytes: 500_000 }))],
  ['reset', [{ kind: 'reset', afterBytes: 700_000 }]],
  ['stalled', [{ kind: 'stall', afterBytes: 700_000 }]],
  ['a token that has expired', [{ kind: 'cut', afterBytes: 900_000 }, expired]],
  ['429 with Retry-After', [answer(429, { 'retry-after': '1' })]],
  ['429 without', [answer(429)]],
  ['a burst of 500', [answer(500), answer(502), answer(503)]],
  ['redirected to a host that is dead', [answer(307, { location: 'http://127.0.0.1:1/dead' })]],
  ['redirected to a name that is not known', [answer(307, { location: 'http://nowhere.invalid/dead' })]],
])('%s: the run completes, and no byte comes twice', { timeout: 60_000 }, async (name, faults) => {
  await using fetched = await makeFetchScene(registry, images, {
    faultOf: (request) => {
      if (request.path.startsWith('/token')) return { kind: 'answer', status: 200, body: '{"token":"new"}' };
      const fault = isLayer(request) ? faults[request.before] : undefined;
      return fault === expired ? atProxy(expired, fetched.proxy.address) : fault;
    },
  });
  const { exitCode, stderr } = await fetched.prefetch();
  expect([name, exitCode, stderr]).toEqual([name, 0, expect.any(String)]);
  // A reset takes along what the kernel had and nobody had read.
  const lostBytes = name === 'reset' ? 3 * 700_000 : 0;
  fetched.expectSentAtMost(uniqueBytes * 1.01 + lostBytes);
  await fetched.expectCompletes(images);
});

/** What lasts fails the image with a reason, and the next run goes on. */
test.each<[string, Fault, RegExp, number]>([
  ['401', answer(401), /log in/, 0],
  ['403', answer(403), /log in/, 0],
  ['404', answer(404), /not found/, 0],
  ['Retry-After longer than anybody waits', answer(429, { 'retry-after': '3600' }), /HTTP 429/, 0],
  ['500 for good', answer(500), /HTTP 500/, 0],
  ['wrong bytes of the right length', { kind: 'corrupt', atByte: 1_000_000 }, /not what its digest says/, 2],
])(
  '%s for good: said why, and the next run completes',
  { timeout: 60_000 },
  async (_, fault, says, wasted) => {
    let lasts = true;
    await using fetched = await makeFetchScene(registry, images, {
      faultOf: (request) => (lasts && isLayer(request) ? fault : undefined),
    });
    const failed = await fetched.prefetch();
    expect([failed.exitCode, failed.stderr]).toEqual([1, expect.stringMatching(says)]);
    // In the words of the registry, and not of the mirror.
    expect(failed.stderr).not.toMatch(/[0-9a-f]{32}\b.*127\.0\.0\.1|127\.0\.0\.1:\d+\/[0-9a-f]{32}/);
    lasts = false;
    await fetched.expectCompletes(images);
    fetched.expectSentAtMost(uniqueBytes * (1.01 + wasted));
  },
);

test('the registry is away for a second', { timeout: 60_000 }, async () => {
  let awayUntilMs = 0;
  await using fetched = await makeFetchScene(registry, images, {
    bytesPerSecond: 20_000_000,
    faultOf: () => (performance.now() < awayUntilMs ? { kind: 'reset', afterBytes: 0 } : undefined),
    onSent: (bytes) => {
      if (awayUntilMs === 0 && bytes > 2_000_000) awayUntilMs = performance.now() + 1_000;
    },
  });
  expect(await fetched.prefetch()).toMatchObject({ exitCode: 0 });
  fetched.expectSentAtMost(uniqueBytes * 1.01);
  await fetched.expectCompletes(images);
});

test('two prefetches at once: both complete, and each byte comes once', { timeout: 60_000 }, async () => {
  await using fetched = await makeFetchScene(registry, images, { bytesPerSecond: 20_000_000 });
  const both = [fetched.start(), fetched.start()];
  for (const { result } of both) expect(await result).toMatchObject({ exitCode: 0 });
  fetched.expectSentAtMost(uniqueBytes * 1.01);
  await fetched.expectCompletes(images);
});

test('a layer that is pruned between plan and import is fetched too', { timeout: 60_000 }, async () => {
  const [one = '', two = ''] = images;
  let pruned: Promise<{ exitCode: number; stderr: string }> | undefined;
  await using fetched = await makeFetchScene(registry, [one], {
    // The store has been looked at by then, and nothing is imported before the answer.
    firstByteMs: 800,
    faultOf: ({ path }) => {
      if (path.includes(`/${two}/manifests/`))
        pruned ??= fetched.scene.store.podmanInside('rmi', '--all', '--force');
      return undefined;
    },
  });
  expect(await fetched.prefetch()).toMatchObject({ exitCode: 0 });
  await fetched.scene.bindImage(two, `${fetched.proxy.address}/${two}:1`);
  expect(await fetched.prefetch()).toMatchObject({
    exitCode: 0,
    stdout: expect.stringContaining('1 pulled'),
  });
  expect(await pruned).toMatchObject({ exitCode: 0, stderr: '' });
  expect(await fetched.scene.store.imageNames()).toEqual([`${fetched.proxy.address}/${two}:1`]);
  await fetched.expectCompletes(images);
});

function atProxy(fault: Extract<Fault, { kind: 'answer' }>, address: string): Fault {
  const headers = Object.entries(fault.headers ?? {}).map(([name, value]) => [
    name,
    value.replace('PROXY', address),
  ]);
  return { ...fault, headers: Object.fromEntries(headers) as Record<string, string> };
}
