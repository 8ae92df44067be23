// policy.json of a host, as `bound-images prefetch` obeys it: what is not signed is refused before any of it is fetched.
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { allowPlainHttp, makeScene } from '../cli/scene.ts';
import { type Image, makeImage, makeLayer, seededBytes } from '../support/image.ts';
import { pushImage } from '../support/push.ts';
import { type Registry, startRegistry } from '../support/registry.ts';
import { makeGpgKey, makeSigstoreKey, signImage, writeRegistriesD } from '../support/signatures.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const makers = { gpg: makeGpgKey, sigstore: makeSigstoreKey };

async function image(seed: string): Promise<Image> {
  return makeImage([
    await makeLayer({ base: 'shared' }),
    await makeLayer({ [seed]: seededBytes(seed, 9_000) }),
  ]);
}

/** What was asked of a registry for an image's own blobs. */
function blobsAsked(registry: Registry, repository: string, { config, layers }: Image): number {
  const paths = new Set([config, ...layers].map(({ digest }) => `/v2/${repository}/blobs/${digest}`));
  return registry.requests().filter(({ method, path }) => method === 'GET' && paths.has(path)).length;
}

test.each(['gpg', 'sigstore'] as const)(
  '%s: the signed image is pulled; the other is refused before a byte of it comes, until it is signed',
  async (kind) => {
    await using _plain = await allowPlainHttp();
    await using folder = await temporaryFolder();
    await using registry = await startRegistry();
    await using scene = await makeScene();
    const key = await makers[kind](folder.path);
    const lookaside = `file://${join(folder.path, 'lookaside')}`;
    const places = { gpg: { lookaside }, sigstore: { 'use-sigstore-attachments': true } };
    // What a user has of his own counts in place of the host's: containers-policy.json(5), containers-registries.d(5).
    const home = join(folder.path, 'home', '.config', 'containers');
    await mkdir(home, { recursive: true });
    const registriesD = await writeRegistriesD(home, registry.address, places[kind]);
    const policy = {
      default: [{ type: 'reject' }],
      transports: { docker: { [registry.address]: [key.requirement] } },
    };
    await writeFile(join(home, 'policy.json'), JSON.stringify(policy));
    const [signed, unsigned] = ['signed', 'unsigned'].map((name) => `${registry.address}/${name}:1`);
    const other = await image('unsigned');
    await pushImage(await image('signed'), `${signed}`);
    await pushImage(other, `${unsigned}`);
    await signImage(`${signed}`, key, registriesD);
    await scene.bindImage('signed', `${signed}`);
    await scene.bindImage('unsigned', `${unsigned}`);
    const options = { env: { HOME: join(folder.path, 'home') } };
    const before = blobsAsked(registry, 'unsigned', other);

    const { exitCode, stdout, stderr } = await scene.run('prefetch', ['--json'], options);
    expect([exitCode, stderr]).toEqual([1, expect.stringContaining('sign the image, or change')]);
    expect(JSON.parse(stdout)).toMatchObject({
      images: expect.arrayContaining([
        { image: signed, outcome: 'pulled', error: null },
        { image: unsigned, outcome: 'failed', error: { code: 'Policy', text: expect.any(String) } },
      ]),
    });
    expect(blobsAsked(registry, 'unsigned', other)).toBe(before);
    expect(await scene.store.imageNames()).toEqual([signed]);
    expect(await scene.run('status', [], options)).toMatchObject({ exitCode: 3 });

    await signImage(`${unsigned}`, key, registriesD);
    expect(await scene.run('prefetch', [], options)).toMatchObject({ exitCode: 0 });
    expect(await scene.run('verify', [], options)).toMatchObject({ exitCode: 0 });
  },
);
