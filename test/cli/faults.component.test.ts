import { expect, test } from 'vitest';
import { type Fault, type ProxiedRequest, startFaultProxy } from '../support/fault-proxy.ts';
import { makeImage, makeLayer, seededBytes } from '../support/image.ts';
import { pushImage } from '../support/push.ts';
import { startRegistry } from '../support/registry.ts';
import { allowPlainHttp, makeScene } from './scene.ts';

const layerBytes = 400_000;

type At = (request: ProxiedRequest) => boolean;
const atAll: At = () => true;
const atManifest: At = ({ path }) => path.includes('/manifests/');
const atBlobs: At = ({ path }) => path.includes('/blobs/');

function answer(status: number, headers: Readonly<Record<string, string>> = {}): Fault {
  return { kind: 'answer', status, headers };
}

const lasting: Record<string, { fault: Fault; at: At; says: RegExp }> = {
  unreachable: {
    fault: { kind: 'reset', afterBytes: 0 },
    at: atAll,
    says: /cannot be reached.*check the network/,
  },
  login: { fault: answer(401), at: atManifest, says: /no credential is configured.*log in/ },
  gone: { fault: answer(404), at: atManifest, says: /not found .*check the name/ },
  busy: { fault: answer(429, { 'retry-after': '1' }), at: atManifest, says: /HTTP 429.*try again later/ },
  failing: { fault: answer(500), at: atManifest, says: /HTTP 500.*try again later/ },
  'blobs-login': {
    fault: answer(401),
    at: atBlobs,
    says: /blobs-login.*no credential is configured.*log in/,
  },
  'blobs-gone': { fault: answer(404), at: atBlobs, says: /blobs-gone.*not found/ },
  'blobs-failing': { fault: answer(500), at: atBlobs, says: /blobs-failing.*HTTP 500.*try again later/ },
  'blobs-cut': {
    fault: { kind: 'cut', afterBytes: 100_000 },
    at: atBlobs,
    says: /blobs-cut.*broke off/,
  },
  'blobs-reset': {
    fault: { kind: 'reset', afterBytes: 100_000 },
    at: atBlobs,
    says: /blobs-reset.*broke off/,
  },
  'blobs-wrong': {
    fault: { kind: 'corrupt', atByte: 200_000 },
    at: atBlobs,
    says: /blobs-wrong.*not what its digest says; the registry or a proxy is damaged/,
  },
};

/** Those that are gone when skopeo asks again, and those that are not. */
const passing: Record<string, { fault: Fault; at: At; times: number }> = {
  busy: { fault: answer(429, { 'retry-after': '1' }), at: atManifest, times: 1 },
  failing: { fault: answer(500), at: atManifest, times: 2 },
  'blobs-busy': { fault: answer(429, { 'retry-after': '1' }), at: atBlobs, times: 1 },
  'blobs-failing': { fault: answer(503), at: atBlobs, times: 1 },
  'blobs-cut': { fault: { kind: 'cut', afterBytes: 100_000 }, at: atBlobs, times: 1 },
  'blobs-reset': { fault: { kind: 'reset', afterBytes: 100_000 }, at: atBlobs, times: 2 },
};

/** A registry with an image a name, and one more, `good`; what is asked for a name goes wrong as its fault says. */
async function setUp(
  names: readonly string[],
  faultOf: (name: string, request: ProxiedRequest) => Fault | undefined,
) {
  await using made = new AsyncDisposableStack();
  made.use(await allowPlainHttp());
  const scene = made.use(await makeScene());
  const registry = made.use(await startRegistry());
  const proxy = made.use(
    await startFaultProxy(registry.url, {
      faultOf: (request) => faultOf(/^\/v2\/([^/]+)\//.exec(request.path)?.[1] ?? '', request),
    }),
  );
  for (const name of ['good', ...names]) {
    const layer = await makeLayer({ [name]: seededBytes(name, layerBytes) });
    await pushImage(makeImage([layer]), `${registry.address}/${name}:1`);
  }
  const stack = made.move();
  const referenceOf = (name: string): string => `${proxy.address}/${name}:1`;
  return { scene, referenceOf, [Symbol.asyncDispose]: async () => stack.disposeAsync() };
}

test('what lasts fails its image alone, with a remedy; the next run at a registry that is well completes', async () => {
  let isBroken = true;
  const names = Object.keys(lasting);
  await using all = await setUp(names, (name, request) => {
    const { fault, at } = lasting[name] ?? {};
    return isBroken && at?.(request) === true ? fault : undefined;
  });
  const { scene, referenceOf } = all;
  for (const name of names) await scene.bindImage(name, referenceOf(name), 'Retry=0');
  await scene.bindImage('good', referenceOf('good'));
  await scene.bindImage('refused', '127.0.0.1:1/refused:1', 'Retry=0');

  const failed = await scene.run('prefetch');
  const lines = failed.stderr.split('\n').filter((line) => !line.endsWith('pulling (missing)'));
  for (const [name, { says }] of Object.entries(lasting)) {
    const own = lines.filter((line) => line.startsWith(`${referenceOf(name)}: `));
    expect(own).toEqual([expect.stringMatching(says)]);
    // Named once.
    expect(own[0]?.split(referenceOf(name))).toHaveLength(2);
  }
  expect(failed.stderr).toMatch(/^127\.0\.0\.1:1\/refused:1: .*ECONNREFUSED/m);
  expect(failed.stdout).toContain('1 pulled, 0 already present, 12 failed, of 13 bound images.');
  expect(failed.exitCode).toBe(1);
  expect(await scene.store.imageNames()).toEqual([referenceOf('good')]);
  expect(await scene.run('verify')).toMatchObject({
    exitCode: 3,
    stdout: expect.stringContaining('1 of 13'),
  });

  isBroken = false;
  await scene.bindImage('refused', referenceOf('good'));
  expect(await scene.run('prefetch')).toMatchObject({ exitCode: 0 });
  expect(await scene.run('verify')).toMatchObject({
    exitCode: 0,
    stdout: expect.stringContaining('12 of 12'),
  });
});

test('what passes is tried again until it has passed', async () => {
  const names = Object.keys(passing);
  await using all = await setUp(names, (name, request) => {
    const { fault, at, times = 0 } = passing[name] ?? {};
    return at?.(request) === true && request.before < times ? fault : undefined;
  });
  const { scene, referenceOf } = all;
  for (const name of names) await scene.bindImage(name, referenceOf(name));
  const { exitCode, stdout, stderr } = await scene.run('prefetch');
  expect([exitCode, stdout, stderr]).toEqual([0, expect.stringContaining('6 pulled'), expect.any(String)]);
});
