import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';
import { readRegistriesD, readSignatureFile } from '../../src/fetch/mirror-lookaside.ts';
import { mergeRegistriesD, signaturePlaces } from '../../src/fetch/mirror-signatures.ts';
import { serve } from '../registry/serve.ts';
import { open } from '../registry/sample.ts';
import { want } from '../support/samples.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const { reference } = want('registry.test:5000/team/app:1');
const config = mergeRegistriesD(
  new Map<string, unknown>([
    ['a.yaml', { 'default-docker': { lookaside: 'https://default.test', 'lookaside-staging': 'file:///x' } }],
    [
      'b.yaml',
      { docker: { 'registry.test:5000': { 'use-sigstore-attachments': true }, 'other.test': null } },
    ],
    [
      'c.yaml',
      {
        docker: {
          'registry.test:5000/team': { sigstore: 'https://old.test/base/' },
          'registry.test:5000/team/app:2': { lookaside: 'https://two.test' },
          '*.mirrors.test': { lookaside: 'file:///srv/signatures', 'use-sigstore-attachments': false },
        },
      },
    ],
    ['empty.yaml', null],
  ]),
);

// [places that the image may come from, lookaside storages, whether attachments are asked for]
test.each<[string, string[], boolean]>([
  ['registry.test:5000/team/app', ['https://old.test/base//team/app'], true],
  ['registry.test:5000/other', ['https://default.test/other'], true],
  ['one.mirrors.test/copies/app', ['file:///srv/signatures/copies/app'], false],
  ['else.test/app', ['https://default.test/app'], false],
  [
    'one.mirrors.test/copies/app registry.test:5000/team/app',
    ['file:///srv/signatures/copies/app', 'https://old.test/base//team/app'],
    true,
  ],
])('%s', (places, lookasides, attachments) => {
  const endpoints = places.split(' ').map((place) => {
    const [domain = '', ...path] = place.split('/');
    return { domain, path: path.join('/') };
  });
  const found = signaturePlaces(config, reference, endpoints);
  expect({ ...found, lookasides: found.lookasides.map(({ href }) => href) }).toEqual({
    lookasides,
    attachments,
  });
});

test('a scope of one tag; what counts where nothing is said; what is no registries.d', () => {
  const endpoint = { domain: 'registry.test:5000', path: 'team/app' };
  const two = want('registry.test:5000/team/app:2').reference;
  expect(signaturePlaces(config, two, [endpoint]).lookasides[0]?.href).toBe('https://two.test/team/app');
  const none = signaturePlaces(new Map(), reference, [endpoint]);
  expect(none.lookasides[0]?.href).toBe('file:///var/lib/containers/sigstore/team/app');
  const same = { docker: { 'a.test': {} } };
  const both = new Map([
    ['/etc/a.yaml', same],
    ['/etc/b.yaml', same],
  ]);
  expect(() => mergeRegistriesD(both)).toThrow('/etc/b.yaml: a.test is in another file');
  expect(() => mergeRegistriesD(new Map([['/etc/a.yaml', { docker: 1 }]]))).toThrow('/etc/a.yaml: not as');
  const odd = mergeRegistriesD(new Map([['f', { 'default-docker': { lookaside: 'ftp://x' } }]]));
  expect(() => signaturePlaces(odd, reference, [endpoint])).toThrow('no file: or http: URL');
});

test('the first folder that is there counts; signatures are read where they are', async () => {
  await using folder = await temporaryFolder();
  const [user, host] = [join(folder.path, 'user'), join(folder.path, 'host')];
  await mkdir(host);
  await writeFile(join(host, 'a.yaml'), '{"docker":{"a.test":{"use-sigstore-attachments":true}}}');
  await writeFile(join(host, 'b.txt'), 'not read');
  const read = () => readRegistriesD(JSON.parse, [user, host]);
  expect([...(await read())]).toEqual([['a.test', { attachments: true }]]);
  await mkdir(user);
  expect((await read()).size).toBe(0);
  await writeFile(join(user, 'bad.yaml'), '{');
  await expect(read()).rejects.toThrow(`${join(user, 'bad.yaml')}: not YAML`);

  const file = pathToFileURL(join(folder.path, 'app@sha256=00', 'signature-1'));
  expect(await readSignatureFile(file)).toBeUndefined();
  await mkdir(join(folder.path, 'app@sha256=00'));
  await writeFile(file, 'signed');
  expect(String(await readSignatureFile(file))).toBe('signed');
  await expect(readSignatureFile(pathToFileURL(host))).rejects.toThrow('no file of at most');
});

test('a signature on the web: what is there, what is not, and what cannot be said', async () => {
  const { host, asked } = await serve((request, response) => {
    const status = { '/1': 200, '/2': 404, '/3': 500 }[request.url ?? ''] ?? 500;
    response.writeHead(status).end('signed');
  });
  const { registry } = open();
  const at = (path: string) => registry.signature(new URL(`http://${host}${path}`));
  expect(String(await at('/1'))).toBe('signed');
  expect(await at('/2')).toBeUndefined();
  await expect(at('/3')).rejects.toMatchObject({ code: 'Transient' });
  expect(asked).toEqual(['GET /1', 'GET /2', 'GET /3']);
});
