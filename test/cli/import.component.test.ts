import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { runProgram } from '../../src/system/run-program.ts';
import { makeOsImage } from '../standin/os-image.ts';
import { pushImage } from '../support/push.ts';
import { startRegistry } from '../support/registry.ts';
import { makeGpgKey, makeSigstoreKey, signImage, writeRegistriesD } from '../support/signatures.ts';
import { makeStore } from '../support/store.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { makeApp, mirror, pushOs, skopeoDigest } from './mirror-scene.ts';
import { openRegistry } from './open-registry.ts';
import { type CliResult, runCli } from './run-cli.ts';

// Sets that were mirrored, on a host that reaches no registry.

const registry = await openRegistry();
const { address } = registry;
const policyPath = '/etc/containers/policy.json';
const registriesDPath = '/etc/containers/registries.d/bound-images-test.yaml';
const policy = await readFile(policyPath, 'utf8');

beforeEach(async () => {
  await rm('/var/cache/bound-images', { recursive: true, force: true });
});
afterEach(async () => {
  await writeFile(policyPath, policy);
  await rm(registriesDPath, { force: true });
});

/** Of every image of this file's registry. */
async function requireOf(requirement: object): Promise<void> {
  const accept = [{ type: 'insecureAcceptAnything' }];
  const transports = { docker: { [address]: [requirement] } };
  await writeFile(policyPath, JSON.stringify({ default: accept, transports }));
}

/** `bound-images import`, where not even loopback's registry can be reached: in a network of its own, whose loopback is up. */
async function importOffline(source: string, storePath: string, ...argv: string[]): Promise<CliResult> {
  const inside = 'ip link set lo up && exec "$@"';
  return runCli(['import', source, '--store', storePath, ...argv], {
    by: ['unshare', '--net', 'sh', '-c', inside, 'sh'],
  });
}

it('fills a store without network, under the names that are bound, and says how the OS image is staged', async () => {
  await using folder = await temporaryFolder();
  await using store = await makeStore();
  const layout = join(folder.path, 'usb');
  const web = await pushImage(
    [await makeApp('web', 'amd64'), await makeApp('web', 'arm64')],
    `${address}/web:1`,
  );
  await pushImage(await makeApp('db'), `${address}/db:1`);
  const names = [`${address}/db:1`, `${address}/web@${web}`];
  const os = await pushOs(address, '1', names);
  await mirror(`${address}/os:1`, `oci:${layout}`);
  const before = registry.requests().length;
  const first = await importOffline(`oci:${layout}`, store.path);
  expect(first).toMatchObject({ exitCode: 0, stderr: expect.stringContaining('present') });
  expect(first.stdout).toBe(
    `2 imported, 0 already present, 0 failed, of 2 images that ${address}/os:1 binds.\n\n` +
      `To stage the OS image:\n  bootc switch --transport oci ${layout}:1\n`,
  );
  expect(await store.imageNames()).toEqual(names);
  expect(
    (await store.podman('run', '--rm', '--network=none', '--entrypoint=/none', names[0] ?? '')).stderr,
  ).not.toContain('pull');
  const again = await importOffline(`oci:${layout}:1`, store.path, '--json');
  expect(JSON.parse(again.stdout)).toMatchObject({
    schema: 1,
    osImage: { reference: `${address}/os:1`, digest: os, transport: 'oci', image: `${layout}:1` },
    images: [{ outcome: 'kept' }, { outcome: 'kept' }],
    bootc: `bootc switch --transport oci ${layout}:1`,
  });
  expect(registry.requests()).toHaveLength(before);
});

it('out of an archive, and of one with several versions the one that is named', async () => {
  await using folder = await temporaryFolder();
  await using store = await makeStore();
  const archive = `oci-archive:${join(folder.path, 'set.tar')}`;
  const app = `${address}/moved:1`;
  const first = await pushImage(await makeApp('first'), app);
  await pushOs(address, '1', [app], 'several');
  await mirror(`${address}/several:1`, archive);
  const second = await pushImage(await makeApp('second'), app);
  await pushOs(address, '2', [app], 'several');
  await mirror(`${address}/several:2`, archive);
  const unnamed = await importOffline(archive, store.path);
  expect(unnamed).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('it has 1, 2') });
  for (const [tag, digest] of [
    ['1', first],
    ['2', second],
  ] as const) {
    await using own = await makeStore();
    const { exitCode, stdout } = await importOffline(`${archive}:${tag}`, own.path);
    expect(exitCode).toBe(0);
    expect(stdout).toContain(`bootc switch --transport oci-archive ${folder.path}/set.tar:${tag}`);
    const { stdout: inspected } = await own.podman('image', 'inspect', '--format={{.Digest}}', app);
    expect(inspected.trim()).toBe(digest);
  }
});

it('what is missing or damaged in the set is said, and nothing is to be staged', async () => {
  await using folder = await temporaryFolder();
  const layout = join(folder.path, 'usb');
  const [good, bad, none] = [await makeApp('good'), await makeApp('bad'), await makeApp('none')];
  await pushImage(good, `${address}/good:1`);
  await pushImage(bad, `${address}/bad:1`);
  await pushImage(none, `${address}/none:1`);
  await pushOs(address, '1', [`${address}/good:1`, `${address}/bad:1`, `${address}/none:1`], 'broken');
  await mirror(`${address}/broken:1`, `oci:${layout}`);
  const blob = (digest: string | undefined): string => join(layout, 'blobs', ...(digest ?? '').split(':'));
  await writeFile(blob(bad.layers[1]?.digest), Buffer.alloc(bad.layers[1]?.size ?? 0, 1));
  await rm(blob(none.layers[1]?.digest));
  await using store = await makeStore();
  const { exitCode, stdout, stderr } = await importOffline(`oci:${layout}`, store.path, '--json');
  expect(exitCode).toBe(1);
  const { images, bootc } = JSON.parse(stdout) as {
    images: { image: string; error: { code: string } | null }[];
    bootc: null;
  };
  expect(bootc).toBeNull();
  expect(Object.fromEntries(images.map(({ image, error }) => [image, error?.code]))).toEqual({
    [`${address}/good:1`]: undefined,
    [`${address}/bad:1`]: 'DigestMismatch',
    [`${address}/none:1`]: 'NotFound',
  });
  expect(stderr).toContain('mirror it again');
  expect(await store.imageNames()).toEqual([`${address}/good:1`]);
});

it.each(['gpg', 'sigstore'] as const)(
  '%s: signatures come along, and policy.json is judged by the names that images have',
  async (kind) => {
    await using folder = await temporaryFolder();
    const key = await { gpg: makeGpgKey, sigstore: makeSigstoreKey }[kind](folder.path);
    const entry = {
      gpg: { lookaside: `file://${folder.path}/lookaside` },
      sigstore: { 'use-sigstore-attachments': true },
    }[kind];
    const registriesD = await writeRegistriesD(folder.path, address, entry);
    const [signed, unsigned] = [`${address}/${kind}-signed:1`, `${address}/${kind}-unsigned:1`];
    const digest = await pushImage([await makeApp(kind, 'amd64'), await makeApp(kind, 'arm64')], signed);
    await pushImage(await makeApp(`${kind} not`), unsigned);
    await signImage(signed, key, registriesD);
    const pinned = `${address}/${kind}-signed@${digest}`;
    await pushOs(address, '1', [signed, pinned, unsigned], kind);
    // Where they are is what the machine that mirrors has configured; of sigstore's all are found.
    await mkdir(dirname(registriesDPath), { recursive: true });
    await writeFile(registriesDPath, await readFile(join(registriesD, 'test.yaml')));
    const layout = join(folder.path, 'usb');
    const { images, signatureFiles } = await mirror(`${address}/${kind}:1`, `oci:${layout}`);
    expect(images.filter(({ role }) => role === 'signature').length > 0).toBe(kind === 'sigstore');
    expect(signatureFiles > 0).toBe(kind === 'gpg');
    // The host knows of neither.
    await rm(registriesDPath);
    await rm(join(folder.path, 'lookaside'), { recursive: true, force: true });
    await requireOf(key.requirement);
    await using store = await makeStore();
    const { exitCode, stdout } = await importOffline(`oci:${layout}`, store.path, '--json');
    const found = (JSON.parse(stdout) as { images: { image: string; error: { code: string } | null }[] })
      .images;
    expect(Object.fromEntries(found.map(({ image, error }) => [image, error?.code]))).toEqual({
      [signed]: undefined,
      [pinned]: undefined,
      [unsigned]: 'Policy',
    });
    expect(exitCode).toBe(1);
    // Both names are of one image.
    expect(await store.imageNames()).toEqual([signed, pinned].toSorted());
  },
);

it('sigstore: what a registry of the site has is signed as well', async () => {
  await using folder = await temporaryFolder();
  await using inner = await startRegistry();
  const key = await makeSigstoreKey(folder.path);
  const registriesD = await writeRegistriesD(folder.path, address, { 'use-sigstore-attachments': true });
  const name = `${address}/attached:1`;
  const digest = await pushImage(await makeApp('attached'), name);
  await signImage(name, key, registriesD);
  await pushOs(address, '1', [name], 'signed-os');
  const { images } = await mirror(`${address}/signed-os:1`, `docker://${inner.address}/p`);
  const attached = images.find(({ role }) => role === 'signature');
  expect(attached?.location).toBe(
    `docker://${inner.address}/p/${address.replace(':', '-')}/attached:${digest.replace(':', '-')}.sig`,
  );
  expect(await skopeoDigest(attached?.location ?? '')).toBe(attached?.digest);
});

it("an image of Docker's format stays what it is", async () => {
  await using folder = await temporaryFolder();
  await using store = await makeStore();
  const oci = `${address}/oci:1`;
  const docker = `${address}/docker:1`;
  await pushImage(await makeApp('docker'), oci);
  const copy = ['copy', '--format=v2s2', `docker://${oci}`, `docker://${docker}`];
  expect(await runProgram('skopeo', copy)).toMatchObject({ exitCode: 0 });
  const digest = await skopeoDigest(`docker://${docker}`);
  await pushOs(address, '1', [`${address}/docker@${digest}`], 'with-docker');
  const layout = join(folder.path, 'usb');
  await mirror(`${address}/with-docker:1`, `oci:${layout}`);
  await using inner = await startRegistry();
  const { images } = await mirror(`oci:${layout}`, `docker://${inner.address}`);
  for (const { location, digest } of images) expect(await skopeoDigest(location)).toBe(digest);
  expect(await importOffline(`oci:${layout}`, store.path)).toMatchObject({ exitCode: 0 });
  expect(await store.imageNames()).toEqual([`${address}/docker@${digest}`]);
});

it('out of what skopeo itself has copied, by its names', async () => {
  await using folder = await temporaryFolder();
  const layout = join(folder.path, 'plain');
  await mkdir(layout);
  const os = await makeOsImage({ version: '1', bound: {} });
  await pushImage(os, `${address}/plain:1`);
  const copy = ['copy', `docker://${address}/plain:1`, `oci:${layout}:1`];
  expect(await runProgram('skopeo', copy)).toMatchObject({ exitCode: 0 });
  await using store = await makeStore();
  const { exitCode, stderr } = await importOffline(`oci:${layout}`, store.path);
  expect(exitCode).toBe(1);
  expect(stderr).toContain('has no mirrored set; bound-images mirror makes one');
  expect(await readdir(store.path)).toEqual([]);
});

it("out of podman's own store, what is bound by tag and asks for no signature", async () => {
  await using store = await makeStore();
  const name = `${address}/stored:1`;
  const digest = await pushImage(await makeApp('stored'), name);
  const pinned = `${address}/stored@${digest}`;
  await pushOs(address, '1', [name, `${address}/elsewhere:1`, pinned], 'stored-os');
  const os = `${address}/stored-os:1`;
  for (const image of [name, os])
    expect(await runProgram('podman', ['pull', '--quiet', image])).toMatchObject({ exitCode: 0 });
  type Found = { images: { image: string; outcome: string; error: { code: string } | null }[]; bootc: null };
  const imported = async (): Promise<Record<string, string | undefined>> => {
    const { stdout } = await importOffline(`containers-storage:${os}`, store.path, '--json');
    const { images } = JSON.parse(stdout) as Found;
    return Object.fromEntries(images.map(({ image, outcome, error }) => [image, error?.code ?? outcome]));
  };
  await requireOf({ type: 'signedBy', keyType: 'GPGKeys', keyPath: '/nowhere' });
  expect((await imported())[name]).toBe('Policy');
  await writeFile(policyPath, policy);
  expect(await imported()).toEqual({
    [name]: 'imported',
    [`${address}/elsewhere:1`]: 'NotFound',
    [pinned]: 'BadContent',
  });
  expect(await store.imageNames()).toEqual([name]);
  // It answers to the digest that it had in its registry, besides that of what it was unpacked to.
  const { stdout } = await store.podman('image', 'inspect', '--format={{json .RepoDigests}}', name);
  expect(JSON.parse(stdout)).toContain(pinned);
});
