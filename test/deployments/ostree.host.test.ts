import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Deployment } from '../../src/model/deployment.ts';
import type { Digest } from '../../src/model/digest.ts';
import { type BootcHost, bootBootcHost, osReference } from '../standin/host.ts';
import { makeOsImage } from '../standin/os-image.ts';
import { type Image, makeImage, makeLayer } from '../support/image.ts';

const project = join(import.meta.dirname, '..', '..');
const registry = '127.0.0.1:5000';
const osImage = `docker://${osReference}`;

let host: BootcHost;
const digests: Digest[] = [];
beforeAll(async () => {
  const first = await makeOsImage({ version: '1', bound: { 'app.image': `${registry}/app:1` } });
  host = await bootBootcHost({ name: 'ostree', osImage: first, binds: { [project]: project } });
  digests.push(first.manifest.digest);
  for (const tag of ['1', '2']) await host.push(await makeApp(tag), `${registry}/app:${tag}`);
});
afterAll(async () => host[Symbol.asyncDispose]());

async function makeApp(content: string): Promise<Image> {
  return makeImage([await makeLayer({ content })]);
}

async function ask<T>(question: string, ...argv: readonly string[]): Promise<T> {
  return JSON.parse(
    await host.stdoutOf('node', join(project, 'test/deployments/ask.ts'), question, ...argv),
  ) as T;
}

async function slots(question: string): Promise<Record<string, Partial<Deployment>>> {
  const found = await ask<Deployment[]>(question);
  return Object.fromEntries(found.map(({ slot, ...rest }) => [slot, rest]));
}

async function versionIn(rootPath = ''): Promise<string> {
  return host.stdoutOf('sed', '-n', 's/^VERSION_ID=//p', `${rootPath}/usr/lib/os-release`);
}

test('a host that was just installed has what it booted', async () => {
  const booted = {
    rootPath: '/',
    osImage,
    locked: false,
    id: expect.stringMatching(/^default\/[0-9a-f]{64}\.0$/),
  };
  expect(await slots('list-by-disk')).toEqual({ booted });
  expect(await slots('list-by-status')).toEqual({ booted: { ...booted, digest: digests[0], version: '1' } });
  expect(await ask('candidate')).toEqual({ image: osImage });
  expect(await ask('supports-download-only')).toBe(true);
});

test('an update is found, and what it needs is planned, before it is staged', async () => {
  const next = await makeOsImage({ version: '2', bound: { 'app.image': `${registry}/app:2` } });
  digests.push(await host.push(next, osReference));
  expect(await ask('check')).toBeNull();
  expect(await ask('candidate')).toEqual({ image: osImage, digest: digests[1] });
  const planned = await host.run(['node', join(project, 'src/main.ts'), 'plan', '--json']);
  expect(planned.stderr).toBe('');
  expect(JSON.parse(planned.stdout)).toMatchObject({
    source: osImage,
    images: [expect.objectContaining({ image: `${registry}/app:2`, action: 'pull' })],
  });
  expect(planned.exitCode).toBe(3);
});

test('what is staged locked is told by bootc and by the disk, and no reboot applies it', async () => {
  expect(await ask('stage-locked')).toBeNull();
  for (const question of ['list-by-disk', 'list-by-status']) {
    const { staged, booted } = await slots(question);
    expect(staged?.locked).toBe(true);
    expect(await versionIn(staged?.rootPath)).toBe('2');
    expect(booted?.rootPath).toBe('/');
  }
  expect((await slots('list-by-status'))['staged']?.digest).toBe(digests[1]);
  await host.reboot();
  expect(await versionIn()).toBe('1');
  expect(await slots('list-by-disk')).not.toHaveProperty('staged');
});

test('what is unlocked is applied by a reboot, and a rollback goes back', async () => {
  await ask('stage-locked');
  expect(await ask('unlock')).toBeNull();
  expect((await slots('list-by-disk'))['staged']?.locked).toBe(false);
  expect(await ask('lock')).toBeNull();
  expect((await slots('list-by-disk'))['staged']?.locked).toBe(true);
  expect(await ask('apply-downloaded')).toBeNull();
  await host.reboot();
  expect(await versionIn()).toBe('2');
  const { booted, rollback } = await slots('list-by-status');
  expect(booted?.digest).toBe(digests[1]);
  expect(await versionIn(rollback?.rootPath)).toBe('1');
  expect(Object.keys(await slots('list-by-disk'))).toEqual(expect.arrayContaining(['booted', 'other']));

  await host.stdoutOf('bootc', 'rollback');
  expect(await ask('status')).toMatchObject({ rollbackQueued: true });
  await host.reboot();
  expect(await versionIn()).toBe('1');
});

test('nothing staged is nothing to lock', async () => {
  expect(await ask('lock')).toMatchObject({ code: 'NotFound' });
  expect(await ask('unlock')).toMatchObject({ code: 'NotFound' });
});

test('while bootc pulls after it has staged, its status is not waited for and its lock is', async () => {
  await host.push(
    await makeOsImage({ version: '3', bound: { 'app.image': `${registry}/app:1` } }),
    osReference,
  );
  await host.stdoutOf('mkfifo', '/run/standin/pause-after-staging');
  const upgrade = host.run(['bootc', 'upgrade', '--quiet']);
  // The FIFO can be written once bootc reads it, which is when it has staged.
  const probe =
    'exec 3>/run/standin/pause-after-staging; rm /run/standin/pause-after-staging; "$@"; echo go >&3';
  const inside = (question: string, limit: string): string[] => [
    'node',
    join(project, 'test/deployments/ask.ts'),
    question,
    limit,
  ];
  const questions = [
    inside('is-locked', '0'),
    inside('status', '1500'),
    inside('await-staging-end', '500'),
    inside('list-by-disk', '0'),
  ];
  const script = questions.map((argv) => `${argv.join(' ')}; echo`).join('; ');
  const answers = (await host.stdoutOf('sh', '-c', probe, 'sh', 'sh', '-c', script)).split('\n');
  const [locked, status, ended, list] = answers.map((line) => JSON.parse(line) as unknown);
  expect(locked).toBe(true);
  expect(status).toMatchObject({ code: 'Busy' });
  expect(ended).toMatchObject({ code: 'TimedOut' });
  expect(list).toContainEqual(expect.objectContaining({ slot: 'staged', locked: false }));
  expect(await ask('await-staging-end')).toBeNull();
  expect(await ask('is-locked')).toBe(false);
  expect((await upgrade).exitCode).toBe(0);
});

test('a failure says what kind it is', async () => {
  await host.push(
    await makeOsImage({ version: '4', bound: { 'app.image': `${registry}/none:1` } }),
    osReference,
  );
  expect(await ask('stage-locked')).toMatchObject({
    code: 'NotFound',
    message: expect.stringContaining('manifest unknown'),
  });
  expect((await slots('list-by-status'))['staged']?.locked).toBe(true);
  await host.stdoutOf('systemctl', 'stop', 'registry.service');
  expect(await ask('check')).toMatchObject({ code: 'Transient' });
});
