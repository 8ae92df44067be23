// The guard on a host with real ostree deployments, bootc's store and podman; bootc itself has a stand-in.
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Digest } from '../../src/model/digest.ts';
import type { Job, JobRequest } from '../../src/model/host-agent.ts';
import type { HostState } from '../../src/model/host-state.ts';
import type { HostResult } from '../host/boot.ts';
import { type BootcHost, bootBootcHost, osReference } from '../standin/host.ts';
import { makeOsImage } from '../standin/os-image.ts';
import { makeImage, makeLayer } from '../support/image.ts';

const project = join(import.meta.dirname, '..', '..');
const registry = '127.0.0.1:5000';
const upgrade: JobRequest = { operation: 'upgrade', apply: false };
const gc: JobRequest = { operation: 'gc', dryRun: false };
let host: BootcHost;
let version = 1;

beforeAll(async () => {
  const osImage = await makeOsImage({ version: '1', bound: {} });
  host = await bootBootcHost({ name: 'guard', osImage, binds: { [project]: project } });
  await host.stdoutOf(
    'sh',
    '-c',
    `mkdir -p /etc/containers/registries.conf.d && printf '[[registry]]\\nlocation = "127.0.0.1"\\ninsecure = true\\n' > /etc/containers/registries.conf.d/plain.conf`,
  );
}, 120_000);
afterAll(async () => host[Symbol.asyncDispose]());

async function pushApp(name: string): Promise<Digest> {
  return host.push(makeImage([await makeLayer({ [name]: name })]), `${registry}/${name}`);
}

async function publish(...images: readonly string[]): Promise<void> {
  const bound = Object.fromEntries(images.map((image, index) => [`app${index}.image`, image]));
  await host.push(await makeOsImage({ version: String((version += 1)), bound }), osReference);
}

/** Where the store can be written: on a bootc host, in a mount namespace of one's own. */
async function writing(...argv: readonly string[]): Promise<HostResult> {
  const script = 'mount -o remount,bind,rw /sysroot && exec "$@"';
  return host.run(['unshare', '--mount', 'sh', '-c', script, 'sh', ...argv]);
}

async function runJob(request: JobRequest): Promise<{ job: Job; state: HostState }> {
  const { stdout, stderr } = await writing(
    'node',
    join(project, 'test/agent/run-job.ts'),
    JSON.stringify(request),
  );
  try {
    return JSON.parse(stdout) as { job: Job; state: HostState };
  } catch {
    throw new Error(`the job printed no JSON: ${stdout}${stderr}`);
  }
}

async function storeAs(name: string, source: string): Promise<void> {
  const target = `containers-storage:[overlay@/usr/lib/bootc/storage+/run/tests]${name}`;
  const { stderr, exitCode } = await writing('skopeo', 'copy', '--quiet', `docker://${source}`, target);
  if (exitCode !== 0) throw new Error(stderr);
}

async function storedNames(): Promise<string[][]> {
  const option = '--storage-opt=additionalimagestore=/usr/lib/bootc/storage';
  const text = await host.stdoutOf('podman', option, 'image', 'list', '--format=json');
  const names = (JSON.parse(text) as { Names?: string[] }[]).map(({ Names = [] }) => Names.toSorted());
  return names.toSorted(([a = ''], [b = '']) => (a < b ? -1 : 1));
}

test('stages what the registry has with all its images there before, and it boots', async () => {
  await pushApp('one:1');
  await publish(`${registry}/one:1`);
  const { job, state } = await runJob(upgrade);
  expect(job).toMatchObject({ state: 'succeeded' });
  expect(state.nextBoot).toMatchObject({ verdict: 'ready', reason: expect.stringContaining('(staged)') });
  expect(await storedNames()).toEqual([[`${registry}/one:1`]]);
  await host.reboot();
  expect(await host.stdoutOf('sh', '-c', '. /usr/lib/os-release; echo $VERSION_ID')).toBe(`${version}`);
});

test('completes what somebody else has staged', async () => {
  await pushApp('two:1');
  await publish(`${registry}/one:1`, `${registry}/two:1`);
  expect((await host.run(['bootc', 'upgrade', '--quiet'])).exitCode).toBe(0);
  expect(
    (
      await writing(
        'skopeo',
        'delete',
        `containers-storage:[overlay@/usr/lib/bootc/storage+/run/tests]${registry}/two:1`,
      )
    ).exitCode,
  ).toBe(0);
  const { job, state } = await runJob({ operation: 'upgrade', apply: false, onlyStaged: true });
  expect(job).toMatchObject({ state: 'succeeded' });
  expect(state.nextBoot).toMatchObject({ verdict: 'ready', reason: expect.stringContaining('(staged)') });
  expect(await storedNames()).toEqual([[`${registry}/one:1`], [`${registry}/two:1`]]);
});

test('second names of garbage make bootc fail, and gc takes them away before', async () => {
  const digest = await pushApp('three:1');
  const names = [`${registry}/three:1`, `${registry}/three@${digest}`];
  const fill = async (): Promise<void> => {
    for (const name of names) await storeAs(name, `${registry}/three@${digest}`);
  };
  await fill();
  await publish(`${registry}/one:1`);
  expect((await host.run(['bootc', 'upgrade', '--quiet'])).exitCode).not.toBe(0);
  expect(await storedNames()).toContainEqual(names);

  const dry = await runJob({ operation: 'gc', dryRun: true });
  expect(dry.job.result.images?.some((image) => names.includes(image))).toBe(true);
  expect(await storedNames()).toContainEqual(names);
  expect((await runJob(gc)).job).toMatchObject({ state: 'succeeded' });
  expect((await storedNames()).flat()).not.toContain(names[0]);
  await publish(`${registry}/one:1`);
  expect((await host.run(['bootc', 'upgrade', '--quiet'])).exitCode).toBe(0);
  expect(await storedNames()).toEqual([[`${registry}/one:1`]]);
});

test('names of what deployments need stay, and no others', async () => {
  const digest = await pushApp('four:1');
  const [tag, pinned] = [`${registry}/four:1`, `${registry}/four@${digest}`];
  await publish(`${registry}/one:1`, tag);
  expect((await runJob(upgrade)).job).toMatchObject({ state: 'succeeded' });
  for (const name of [pinned, `${registry}/four:2`]) await storeAs(name, pinned);
  expect((await runJob(gc)).job).toMatchObject({ state: 'succeeded' });
  // Only the staged deployment binds it: another staging might make it garbage.
  expect(await storedNames()).toEqual([[tag], [`${registry}/one:1`]]);
});

test('locks what was staged without its images, until they are there', async () => {
  await publish(`${registry}/one:1`, `${registry}/five:1`);
  expect((await host.run(['bootc', 'upgrade', '--quiet'])).exitCode).toBe(1);
  const onStaged: JobRequest = { operation: 'upgrade', apply: false, onlyStaged: true };
  const without = await runJob(onStaged);
  expect(without.job).toMatchObject({ state: 'failed', error: { code: 'NotReady' } });
  expect(without.job.error?.text).toContain('five:1 is missing');
  expect(without.state.nextBoot).toMatchObject({
    verdict: 'waiting',
    reason: expect.stringContaining('is staged and locked until it is complete'),
  });
  await pushApp('five:1');
  const complete = await runJob(onStaged);
  expect(complete.job).toMatchObject({ state: 'succeeded' });
  expect(complete.state.nextBoot.verdict).toBe('ready');
  await host.reboot();
  expect(await host.stdoutOf('sh', '-c', '. /usr/lib/os-release; echo $VERSION_ID')).toBe(`${version}`);
  expect(await storedNames()).toContainEqual([`${registry}/five:1`]);
});

test.each([
  ['a bootc without locks', 'touch'],
  ['a newer one', 'rm'],
])('%s stages nothing whose images cannot be had', async (_, change) => {
  await host.stdoutOf('mkdir', '-p', '/etc/bootc-standin');
  await host.stdoutOf(change, '/etc/bootc-standin/older');
  await publish(`${registry}/one:1`, `${registry}/six:1`);
  const { job, state } = await runJob(upgrade);
  expect(job).toMatchObject({ state: 'failed', error: { code: 'NotReady' } });
  expect(state.deployments.map(({ slot }) => slot)).not.toContain('staged');
  expect(state.nextBoot.verdict).toBe('ready');
});
