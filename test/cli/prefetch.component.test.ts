import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Digest } from '../../src/model/digest.ts';
import { busyboxLayer, type Image, makeImage, makeLayer } from '../support/image.ts';
import { pushImage } from '../support/push.ts';
import { type Registry, startRegistry } from '../support/registry.ts';
import { allowPlainHttp, makeScene, type Scene } from './scene.ts';

const stack = new AsyncDisposableStack();
let registry: Registry;
let scene: Scene;
let names: Record<string, string>;
/** Of an image of its own, on top of a base that all share. */
const digests: Record<string, Digest> = {};

async function image(name: string, architecture?: string): Promise<Image> {
  const layers = [await busyboxLayer(), await makeLayer({ name })];
  return makeImage(layers, {
    command: ['/bin/cat', '/name'],
    ...(architecture === undefined ? {} : { architecture }),
  });
}

beforeAll(async () => {
  stack.use(await allowPlainHttp());
  registry = stack.use(await startRegistry());
  scene = stack.use(await makeScene());
  const { address } = registry;
  for (const name of ['floating', 'both', 'digest', 'untagged', 'container', 'referred']) {
    const tag = name === 'untagged' ? 'latest' : '1';
    digests[name] = await pushImage(await image(name), `${address}/${name}:${tag}`);
  }
  for (const name of ['index', 'index-both', 'index-digest']) {
    const images = [await image(name), await image(name, 'riscv64')];
    digests[name] = await pushImage(images, `${address}/${name}:1`);
  }
  names = {
    floating: `${address}/floating:1`,
    both: `${address}/both:1@${digests['both']}`,
    digest: `${address}/digest@${digests['digest']}`,
    untagged: `${address}/untagged`,
    index: `${address}/index:1`,
    'index-both': `${address}/index-both:1@${digests['index-both']}`,
    'index-digest': `${address}/index-digest@${digests['index-digest']}`,
  };
  for (const [name, reference] of Object.entries(names)) await scene.bindImage(name, reference);
  names['container'] = `${address}/container:1`;
  names['referred'] = `${address}/referred:1`;
  await scene.bind('container.container', `[Container]\nImage=${names['container']}\n`);
  await scene.bindImage('referred', names['referred']);
  await scene.bind('referring.container', '[Container]\nImage=referred.image\n');
});
afterAll(() => stack.disposeAsync());

test('every kind of reference becomes present under its own name, and no image gets another', async () => {
  const { exitCode, stdout, stderr } = await scene.run('prefetch');
  expect(stderr).toContain(`${names['floating']}: present`);
  expect(stdout).toContain('9 pulled, 0 already present, 0 failed, of 9 bound images.');
  expect(stdout).toMatch(/untagged\.image:2: warning \(untagged\)/);
  expect(exitCode).toBe(0);
  const stored = Object.values(await scene.storedNames());
  const expected = Object.values(names).map((name) => (name === names['untagged'] ? `${name}:latest` : name));
  expect(stored).toHaveLength(expected.length);
  expect(new Set(stored.map((each) => each.join(' and ')))).toEqual(new Set(expected));
});

test('podman finds each by its Image=, and runs it', async () => {
  for (const [name, reference] of Object.entries(names)) {
    expect([name, (await scene.store.podman('image', 'exists', reference)).exitCode]).toEqual([name, 0]);
  }
  for (const name of ['both', 'index-digest']) {
    const ran = await scene.store.podman('run', '--rm', '--pull=never', '--network=none', names[name] ?? '');
    expect(ran).toMatchObject({ exitCode: 0, stdout: name });
  }
});

test('a second run touches nothing and needs no network', async () => {
  const before = await stampsOf(scene.store.path);
  const askedBefore = registry.requests().length;
  for (const command of ['prefetch', 'status', 'plan', 'verify']) {
    const { exitCode, stderr } = await scene.run(command, [], { by: ['unshare', '--net'] });
    expect([command, exitCode, stderr]).toEqual([command, 0, '']);
  }
  expect(await stampsOf(scene.store.path)).toEqual(before);
  expect(registry.requests()).toHaveLength(askedBefore);
});

/** Inode, time and size of everything in a folder; of what podman has used meanwhile, the folder's own name only. */
async function stampsOf(folder: string): Promise<string[]> {
  const paths = await readdir(folder, { recursive: true });
  const stamps = paths.map(async (path) => {
    const { ino, mtimeNs, size } = await stat(join(folder, path), { bigint: true });
    return `${path} ${ino} ${mtimeNs} ${size}`;
  });
  return (await Promise.all(stamps)).sort();
}
