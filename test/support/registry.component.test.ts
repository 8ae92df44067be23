import { mkdir, copyFile, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { runProgram } from '../../src/system/run-program.ts';
import { makeCertificates } from './certificates.ts';
import { makeImage, makeLayer, seededBytes } from './image.ts';
import { pushImage } from './push.ts';
import { startRegistry } from './registry.ts';
import { temporaryFolder } from './temporary-folder.ts';

test('an image is pushed with its digests, served, counted and kept as blobs', async () => {
  await using registry = await startRegistry();
  const layers = [
    await makeLayer({ a: 'a' }),
    await makeLayer({ b: 'b' }, 'zstd'),
    await makeLayer({ c: 'c' }, 'none'),
  ];
  const image = makeImage(layers);
  expect(await pushImage(image, `${registry.address}/some/app:1`)).toBe(image.manifest.digest);

  const accept = { accept: image.manifest.mediaType };
  const answer = await fetch(`${registry.url}/v2/some/app/manifests/1`, { headers: accept });
  expect(answer.headers.get('docker-content-digest')).toBe(image.manifest.digest);
  expect(Buffer.from(await answer.arrayBuffer())).toEqual(image.manifest.bytes);
  for (const { digest, bytes } of layers) {
    const hex = digest.slice('sha256:'.length);
    expect(await readFile(join(registry.blobsPath, hex.slice(0, 2), hex, 'data'))).toEqual(bytes);
  }
  await expect
    .poll(() => registry.requests().at(-1))
    .toEqual({
      method: 'GET',
      path: '/v2/some/app/manifests/1',
      status: 200,
      sizeBytes: image.manifest.size,
    });
});

test('an index is pushed whole', async () => {
  await using registry = await startRegistry();
  const images = await Promise.all(
    ['amd64', 'arm64'].map(async (architecture) =>
      makeImage([await makeLayer({ [architecture]: seededBytes(architecture, 1_000) })], { architecture }),
    ),
  );
  const digest = await pushImage(images, `${registry.address}/multi:1`);
  const headers = {
    accept: 'application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json',
  };
  for (const each of [digest, ...images.map((image) => image.manifest.digest)]) {
    const answer = await fetch(`${registry.url}/v2/multi/manifests/${each}`, { method: 'HEAD', headers });
    expect(answer.headers.get('docker-content-digest')).toBe(each);
  }
});

test('one with a login refuses others', async () => {
  const login = { user: 'alice', password: 'open sesame' };
  await using registry = await startRegistry({ login });
  const image = makeImage([await makeLayer({ a: 'a' })]);
  await expect(pushImage(image, `${registry.address}/app:1`)).rejects.toThrow('authentication required');
  await pushImage(image, `${registry.address}/app:1`, { login });
  expect((await fetch(`${registry.url}/v2/`)).status).toBe(401);
});

test('one with TLS is known by its authority, and knows its clients', async () => {
  await using folder = await temporaryFolder();
  const { caPath, server, client } = await makeCertificates(folder.path);
  await using registry = await startRegistry({ tls: { ...server, clientCaPath: caPath } });
  const argv = ['--silent', '--show-error', '--fail', '--cacert', caPath, `${registry.url}/v2/`];
  expect((await runProgram('curl', argv)).exitCode).not.toBe(0);
  const known = ['--cert', client.certificatePath, '--key', client.keyPath];
  expect((await runProgram('curl', [...known, ...argv])).exitCode).toBe(0);

  const certificatesPath = join(folder.path, 'certs.d');
  await mkdir(certificatesPath);
  await copyFile(caPath, join(certificatesPath, 'ca.crt'));
  await copyFile(client.certificatePath, join(certificatesPath, 'client.cert'));
  await copyFile(client.keyPath, join(certificatesPath, 'client.key'));
  await pushImage(makeImage([await makeLayer({ a: 'a' })]), `${registry.address}/app:1`, {
    certificatesPath,
  });
});

test('a pull-through cache serves what it has when its upstream is gone', async () => {
  await using upstream = await startRegistry();
  const image = makeImage([await makeLayer({ a: 'a' })]);
  await pushImage(image, `${upstream.address}/app:1`);
  await using cache = await startRegistry({ proxyOf: upstream.url });
  const headers = { accept: image.manifest.mediaType };
  const url = `${cache.url}/v2/app/manifests/${image.manifest.digest}`;
  expect((await fetch(url, { headers })).status).toBe(200);
  await upstream.stop();
  expect((await fetch(url, { headers })).status).toBe(200);
});

test('a configuration that it refuses is told', async () => {
  const tls = { certificatePath: '/nonesuch', keyPath: '/nonesuch' };
  await expect(startRegistry({ tls })).rejects.toThrow('/nonesuch');
});
