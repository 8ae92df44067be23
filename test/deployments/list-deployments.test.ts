import { mkdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { listDeployments } from '../../src/deployments/list-deployments.ts';
import type { StatusEntry } from '../../src/deployments/parse-bootc-status.ts';
import type { Slot } from '../../src/model/deployment.ts';
import { digestOf } from '../support/samples.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const sums = ['aa', 'bb', 'cc', 'dd'].map((byte) => byte.repeat(32));
const [booted = '', staged = '', rollback = '', other = ''] = sums.map((sum) => `${sum}.0`);
const mountNothing = async (): Promise<string> => Promise.reject(new Error('nothing is to be mounted'));
const entry = (slot: Slot, id: string, more: Partial<StatusEntry> = {}): StatusEntry => ({
  slot,
  id,
  locked: false,
  pinned: false,
  ...more,
});
const statusOf = (...entries: readonly StatusEntry[]) => ({ entries, rollbackQueued: false });

async function makeHost(hostPath: string, names: readonly string[]): Promise<string> {
  const folder = join(hostPath, 'sysroot/ostree/deploy/default/deploy');
  for (const name of names) await mkdir(join(folder, name), { recursive: true });
  return folder;
}

/** Says which deployment is booted, as ostree does for composefs. */
async function boot(hostPath: string, rootPath: string): Promise<void> {
  const { dev, ino } = await stat(rootPath, { bigint: true });
  const place = Buffer.alloc(16);
  place.writeBigUInt64LE(dev);
  place.writeBigUInt64LE(ino, 8);
  await mkdir(join(hostPath, 'run'), { recursive: true });
  const key = Buffer.from('backing-root-device-inode\0\0\0\0\0\0\0');
  await writeFile(
    join(hostPath, 'run/ostree-booted'),
    Buffer.concat([key, place, Buffer.from('\0(tt)\u001a6')]),
  );
}

async function stage(hostPath: string, name: string): Promise<void> {
  await mkdir(join(hostPath, 'run/ostree'), { recursive: true });
  await writeFile(
    join(hostPath, 'run/ostree/staged-deployment'),
    `target\0\0name\0\0\0\0${name}\0\0s\u0005\0osname\0\0default\0\0s\u0007`,
  );
}

test('without bootc the disk tells what is booted and staged', async () => {
  await using host = await temporaryFolder();
  const folder = await makeHost(host.path, [booted, staged, rollback]);
  await boot(host.path, join(folder, booted));
  await stage(host.path, staged);
  await writeFile(
    join(folder, `${staged}.origin`),
    'container-image-reference=ostree-unverified-registry:quay.io/ex/os:2\n',
  );
  expect(await listDeployments(host.path, undefined, mountNothing)).toEqual([
    { id: `default/${booted}`, slot: 'booted', rootPath: host.path, locked: false },
    {
      id: `default/${staged}`,
      slot: 'staged',
      rootPath: join(folder, staged),
      osImage: 'docker://quay.io/ex/os:2',
      locked: false,
    },
    { id: `default/${rollback}`, slot: 'other', rootPath: join(folder, rollback), locked: false },
  ]);
  await writeFile(join(host.path, 'run/ostree/staged-deployment-locked'), '');
  expect(await listDeployments(host.path, undefined, mountNothing)).toContainEqual(
    expect.objectContaining({ slot: 'staged', locked: true }),
  );
});

test('bootc tells the rest, and what it does not know is kept as another', async () => {
  await using host = await temporaryFolder();
  const folder = await makeHost(host.path, [booted, staged, rollback, other]);
  const status = statusOf(
    // A bootc that does not say the stateroot.
    entry('booted', booted, { digest: digestOf('b'), osImage: 'docker://quay.io/ex/os', version: '42.1' }),
    entry('staged', `default/${staged}`, { locked: true }),
    entry('rollback', `default/${rollback}`),
    entry('other', `default/${'ee'.repeat(32)}.0`),
  );
  const found = await listDeployments(host.path, status, mountNothing);
  expect(found.map(({ slot, locked }) => [slot, locked])).toEqual([
    ['booted', false],
    ['staged', true],
    ['rollback', false],
    ['other', false],
  ]);
  expect(found[0]).toMatchObject({
    rootPath: host.path,
    digest: digestOf('b'),
    osImage: 'docker://quay.io/ex/os',
    version: '42.1',
  });
  expect(found[3]?.rootPath).toBe(join(folder, other));
});

test('what was staged since bootc was asked is staged, and what was before is not', async () => {
  await using host = await temporaryFolder();
  await makeHost(host.path, [staged, other]);
  await stage(host.path, staged);
  const found = await listDeployments(host.path, statusOf(entry('staged', `default/${other}`)), mountNothing);
  expect(found.map(({ slot }) => slot)).toEqual(['staged', 'other']);
});

test('names that ostree does not give are none of its deployments', async () => {
  await using host = await temporaryFolder();
  await makeHost(host.path, [other, 'backup', `${other}.origin`, `${sums[0]}`]);
  const found = await listDeployments(host.path, undefined, mountNothing);
  expect(found.map(({ id }) => id)).toEqual([`default/${other}`]);
});

test('too many are a failure, for none may be left out', async () => {
  await using host = await temporaryFolder();
  await makeHost(
    host.path,
    Array.from({ length: 65 }, (_, serial) => `${sums[0]}.${serial}`),
  );
  await expect(listDeployments(host.path, undefined, mountNothing)).rejects.toThrow('has 65 deployments');
});

test('images of composefs are mounted, but for the booted one', async () => {
  await using host = await temporaryFolder();
  const [running = '', next = ''] = ['11', '22'].map((byte) => byte.repeat(64));
  const images = join(host.path, 'sysroot/composefs/images');
  await mkdir(images, { recursive: true });
  for (const name of [running, next, 'lost+found']) await writeFile(join(images, name), '');
  await mkdir(join(host.path, 'proc'));
  await writeFile(join(host.path, 'proc/cmdline'), `root=x composefs=?${running} rw\n`);
  await mkdir(join(host.path, 'run/composefs'), { recursive: true });
  await writeFile(
    join(host.path, 'run/composefs/staged-deployment'),
    JSON.stringify({ depl_id: next, finalization_locked: true }),
  );
  const mounted: string[] = [];
  const mount = async (image: string, objects: string): Promise<string> => {
    mounted.push(image, objects);
    return '/mounted';
  };
  expect(await listDeployments(host.path, undefined, mount)).toEqual([
    { id: running, slot: 'booted', rootPath: host.path, locked: false },
    { id: next, slot: 'staged', rootPath: '/mounted', locked: true },
  ]);
  expect(mounted).toEqual([join(images, next), join(host.path, 'sysroot/composefs/objects')]);
});

test('a host without deployments is its own where it binds images', async () => {
  await using host = await temporaryFolder();
  expect(await listDeployments(host.path, undefined, mountNothing)).toEqual([]);
  await mkdir(join(host.path, 'usr/lib/bootc/bound-images.d'), { recursive: true });
  const expected = [{ id: '/', slot: 'booted', rootPath: host.path, locked: false }];
  expect(await listDeployments(host.path, undefined, mountNothing)).toEqual(expected);
});
