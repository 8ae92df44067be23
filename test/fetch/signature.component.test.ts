import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Digest } from '../../src/model/digest.ts';
import type { ProgramResult } from '../../src/system/run-program.ts';
import { readInventory } from '../../src/store/read-inventory.ts';
import { classifySkopeo } from '../../src/store/classify-skopeo.ts';
import { verifyStored } from '../../src/store/verify-store.ts';
import { type Image, makeImage, makeLayer, seededBytes } from '../support/image.ts';
import { pushImage } from '../support/push.ts';
import { type Registry, startRegistry } from '../support/registry.ts';
import {
  makeGpgKey,
  makeSigstoreKey,
  signImage,
  type SigningKey,
  writeRegistriesD,
} from '../support/signatures.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { makeMirrorScene, type MirrorScene } from './mirror-scene.ts';

const makers = { gpg: makeGpgKey, sigstore: makeSigstoreKey };
type Kind = keyof typeof makers;
const kinds = Object.keys(makers) as Kind[];

async function image(seed: string, architecture?: string): Promise<Image> {
  const layers = [await makeLayer({ base: 'shared' }), await makeLayer({ [seed]: seededBytes(seed, 9_000) })];
  return makeImage(layers, architecture === undefined ? {} : { architecture });
}

/** A key, and a registries.d for its signatures of what is in `scope`. */
async function signing(folder: string, kind: Kind, scope: string): Promise<[SigningKey, string]> {
  const entry = {
    gpg: { lookaside: `file://${join(folder, 'lookaside')}` },
    sigstore: { 'use-sigstore-attachments': true },
  }[kind];
  return [await makers[kind](folder), await writeRegistriesD(folder, scope, entry)];
}

/** What was asked of a registry for an image's own blobs. */
function blobRequests(registry: Registry, repository: string, { config, layers }: Image): string[] {
  const paths = new Set([config, ...layers].map(({ digest }) => `/v2/${repository}/blobs/${digest}`));
  return registry
    .requests()
    .filter(({ method, path }) => method === 'GET' && paths.has(path))
    .map(({ path }) => path);
}

async function stored(scene: MirrorScene, name: string, digest?: Digest): Promise<string> {
  return (await verifyStored(await readInventory(scene.store.path), name, digest)).kind;
}

async function codeOf(result: Promise<ProgramResult>): Promise<string> {
  const { exitCode, stderr } = await result;
  return exitCode === 0 ? 'none' : classifySkopeo(stderr).code;
}

test.each(kinds)(
  '%s: signed is accepted, unsigned is refused before a blob of it is asked for',
  async (kind) => {
    await using folder = await temporaryFolder();
    await using registry = await startRegistry();
    const [key, registriesDPath] = await signing(folder.path, kind, registry.address);
    const names = ['signed', 'unsigned'].map((name) => `${registry.address}/${name}:1`);
    const [signed = '', unsigned = ''] = names;
    await pushImage(await image('signed'), signed);
    const other = await image('unsigned');
    await pushImage(other, unsigned);
    await signImage(signed, key, registriesDPath);
    await using scene = await makeMirrorScene({
      registriesDPath,
      policy: { [registry.address]: [key.requirement] },
    });
    let allowed = 0;
    const onAllowed = (): void => void (allowed += 1);

    const accepted = await scene.copy(await scene.plan(signed), { onAllowed });
    expect(accepted).toMatchObject({ exitCode: 0 });
    expect(allowed).toBe(1);
    expect(await stored(scene, signed)).toBe('present');

    const refused = await scene.copy(await scene.plan(unsigned), { onAllowed });
    expect(refused.exitCode).toBe(1);
    expect(classifySkopeo(refused.stderr).code).toBe('Policy');
    expect(allowed).toBe(1);
    expect(blobRequests(registry, 'unsigned', other)).toEqual([]);
    expect(await stored(scene, unsigned)).toBe('missing');
  },
);

test.each(kinds)('%s: signatures of an image that comes from a mirror of the host', async (kind) => {
  await using folder = await temporaryFolder();
  await using copies = await startRegistry();
  const [key, registriesDPath] = await signing(folder.path, kind, `${copies.address}/copies`);
  const at = `${copies.address}/copies/app:1`;
  const unsigned = `${copies.address}/copies/unsigned:1`;
  const name = 'registry.test/team/app:1';
  await pushImage(await image('mirrored'), at);
  await pushImage(await image('other'), unsigned);
  await signImage(at, key, registriesDPath, name);
  await using scene = await makeMirrorScene({
    registriesDPath,
    // The primary is not there at all.
    registriesConf: [
      '[[registry]]\nlocation = "registry.test/team"',
      `[[registry.mirror]]\nlocation = "${copies.address}/copies"\ninsecure = true\n`,
    ].join('\n'),
    policy: { 'registry.test': [key.requirement] },
  });
  expect(await codeOf(scene.copy(await scene.plan(name)))).toBe('none');
  expect(await stored(scene, name)).toBe('present');
  expect(await codeOf(scene.copy(await scene.plan('registry.test/team/unsigned:1')))).toBe('Policy');
});

test('a signed index under a tag: the store knows the index, and the tag is what the plan found it to be', async () => {
  await using folder = await temporaryFolder();
  await using registry = await startRegistry();
  const [key, registriesDPath] = await signing(folder.path, 'gpg', registry.address);
  const name = `${registry.address}/app:1`;
  const images = [await image('one'), await image('two', 'riscv64')];
  const digest = await pushImage(images, name);
  await signImage(name, key, registriesDPath);
  await using scene = await makeMirrorScene({
    registriesDPath,
    policy: { [registry.address]: [key.requirement] },
  });
  const planned = await scene.plan(name);
  await pushImage(await image('moved on'), name);
  expect(await codeOf(scene.copy(planned))).toBe('none');
  expect(planned.manifest.indexDigest).toBe(digest);
  expect(await stored(scene, name, digest)).toBe('present');
  expect(await stored(scene, name, images[0]?.manifest.digest)).toBe('present');
});

test('a policy for one tag is for the tag, and not for its digest', async () => {
  await using registry = await startRegistry();
  const name = `${registry.address}/app:1`;
  const digest = await pushImage(await image('tagged'), name);
  await using scene = await makeMirrorScene({ policy: { [name]: [{ type: 'reject' }] } });
  const planned = await scene.plan(name);
  expect(await codeOf(scene.copy(planned))).toBe('Policy');
  const byDigest = `${registry.address}/app@${digest}`;
  expect(await codeOf(scene.copy(planned, { source: byDigest }))).toBe('none');
});
