// Holds the stand-in against what bootc does: the tests of the agent are worth what it is worth.
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Digest } from '../../src/model/digest.ts';
import type { HostResult } from '../host/boot.ts';
import { makeImage, makeLayer } from '../support/image.ts';
import { type BootcHost, bootBootcHost, osReference } from './host.ts';
import { makeOsImage } from './os-image.ts';

const registry = '127.0.0.1:5000';
let host: BootcHost;
let app: Digest;
let version = 1;
beforeAll(async () => {
  host = await bootBootcHost({ name: 'standin', osImage: await makeOsImage({ version: '1', bound: {} }) });
  app = await host.push(makeImage([await makeLayer({ app: '1' })]), `${registry}/app:1`);
});
afterAll(async () => host[Symbol.asyncDispose]());

/** Publishes the next OS image. */
async function publish(bound: Readonly<Record<string, string>>, tag = osReference): Promise<void> {
  await host.push(await makeOsImage({ version: String((version += 1)), bound }), tag);
}

async function bootc(...argv: readonly string[]): Promise<HostResult> {
  return host.run(['bootc', ...argv]);
}

async function storedNames(): Promise<string[]> {
  const option = '--storage-opt=additionalimagestore=/usr/lib/bootc/storage';
  const text = await host.stdoutOf('podman', option, 'image', 'list', '--format=json');
  return (JSON.parse(text) as { Names?: string[] }[]).flatMap(({ Names = [] }) => Names).sort();
}

/** Writes an image into bootc's store under a name, as a writer with a mount namespace of its own does. */
async function storeAs(name: string, source: string): Promise<void> {
  const target = `containers-storage:[overlay@/usr/lib/bootc/storage+/run/tests]${name}`;
  const script = 'mount -o remount,bind,rw /sysroot && exec "$@"';
  await host.stdoutOf(
    'unshare',
    '--mount',
    'sh',
    '-c',
    script,
    'sh',
    'skopeo',
    'copy',
    '--quiet',
    source,
    target,
  );
}

test('what podman stores under another name than the exact string is pruned in the same upgrade', async () => {
  const both = `${registry}/app:1@${app}`;
  const other = `${registry}/other-app:1`;
  await host.push(makeImage([await makeLayer({ app: '2' })]), other);
  await publish({ 'tagged.container': other, 'both.image': both });
  expect((await bootc('upgrade', '--quiet')).exitCode).toBe(0);
  expect(await storedNames()).toEqual([other]);
  await publish({ 'both.image': both });
  await storeAs(both, `docker://${registry}/app@${app}`);
  expect((await bootc('upgrade')).exitCode).toBe(0);
  expect(await storedNames()).toEqual([both]);
});

test('a pull that fails leaves what is staged, and again nothing is tried', async () => {
  await publish({ 'none.image': `${registry}/none:1` });
  const failed = await bootc('upgrade', '--quiet');
  expect(failed.exitCode).toBe(1);
  expect(failed.stderr).toContain('manifest unknown');
  expect(await host.stdoutOf('ostree', 'admin', 'status')).toContain('(staged)');
  const again = await bootc('upgrade', '--quiet');
  expect(again).toMatchObject({ exitCode: 0, stdout: 'Staged update present, not changed\n' });
});

test('a bad definition fails the upgrade after it has staged', async () => {
  await publish({ 'bad.image': '[Image]\nImage=quay.io/%i/app\n' });
  const failed = await bootc('upgrade', '--download-only');
  expect(failed.exitCode).toBe(1);
  expect(failed.stderr).toContain('Systemd specifiers are not supported');
  expect(await host.stdoutOf('ostree', 'admin', 'status')).toContain('(finalization locked)');
});

test('garbage with two names fails the upgrade after it has staged', async () => {
  await publish({});
  for (const name of ['two:1', 'two:2']) await storeAs(`${registry}/${name}`, `docker://${registry}/app:1`);
  const failed = await bootc('upgrade');
  expect(failed.exitCode).toBe(1);
  expect(failed.stderr).toContain('more than one tag');
  const clean = 'mount -o remount,bind,rw /sysroot; rm -rf /sysroot/ostree/bootc/storage/*';
  await host.stdoutOf('unshare', '--mount', 'sh', '-c', clean);
});

test('locking and unlocking: by flags, and by a plain upgrade', async () => {
  await publish({});
  await host.stdoutOf('bootc', 'upgrade', '--quiet');
  expect((await bootc('upgrade', '--download-only')).stdout).toBe(
    'Image downloaded, but will not be applied on reboot\n',
  );
  expect((await bootc('upgrade')).stdout).toBe('Staged deployment will now be applied on reboot\n');
  expect((await bootc('upgrade', '--from-downloaded')).stdout).toContain('already set to apply');
});

test('a change of what is deployed is signalled, a lock is not', async () => {
  const changed = async (): Promise<string> => host.stdoutOf('stat', '--format=%y', '/ostree/bootc');
  const before = await changed();
  await host.stdoutOf('bootc', 'upgrade', '--download-only');
  await host.stdoutOf('bootc', 'upgrade', '--from-downloaded');
  expect(await changed()).toBe(before);
  await publish({});
  await host.stdoutOf('bootc', 'upgrade', '--check');
  expect(await changed()).not.toBe(before);
  await host.stdoutOf('test', '-e', '/run/reboot-required');
});

test('a switch is booted, with what it binds', async () => {
  await publish({ 'app.image': `${registry}/app:1` }, `${registry}/other:1`);
  expect((await bootc('switch', `${registry}/other:1`)).exitCode).toBe(0);
  expect((await bootc('switch', `${registry}/other:1`)).stdout).toBe('Image specification is unchanged.\n');
  await host.reboot();
  expect(await host.stdoutOf('cat', '/usr/lib/os-release')).toContain(`VERSION_ID=${version}\n`);
  expect(await host.stdoutOf('readlink', '/usr/lib/bootc/bound-images.d/app.image')).toContain('app.image');
  expect(await host.stdoutOf('systemctl', 'is-system-running')).toBe('running');
});

test('its update service reboots into the update', async () => {
  await publish({ 'app.image': `${registry}/app:1` }, `${registry}/other:1`);
  await host.rebootBy('systemctl', 'start', 'bootc-fetch-apply-updates.service');
  expect(await host.stdoutOf('cat', '/usr/lib/os-release')).toContain(`VERSION_ID=${version}\n`);
});

test('an older one cannot stage locked, and takes an image of one name too many for garbage', async () => {
  await host.stdoutOf('mkdir', '-p', '/etc/bootc-standin/older');
  expect((await bootc('upgrade', '--download-only')).exitCode).toBe(2);
  expect((await bootc('upgrade', '--help')).stdout).not.toContain('--download-only');
  await publish({ 'app.image': `${registry}/app:1`, 'b.image': `${registry}/app:1` }, `${registry}/other:1`);
  await storeAs(`${registry}/stray:1`, `docker://${registry}/app:1`);
  const failed = await bootc('upgrade');
  expect(failed.stderr).toContain('more than one tag');
});
