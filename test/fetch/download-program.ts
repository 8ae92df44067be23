// A small program that downloads blobs into a cache, to be killed: ADDRESS CACHE DIGEST=SIZE...
import { openBlobFrom } from '../../src/prefetch/open-blob.ts';
import { openBlobCache } from '../../src/fetch/blob-cache.ts';
import { fetchBlobs } from '../../src/fetch/fetch-blobs.ts';
import { asDigest } from '../../src/model/digest.ts';
import { parseReference } from '../../src/model/reference.ts';
import { emptyRegistriesConf } from '../../src/registry/parse-registries-conf.ts';
import { createRegistry } from '../../src/registry/registry.ts';

const [address = '', folderPath = '', ...texts] = process.argv.slice(2);
const registry = createRegistry({
  config: emptyRegistriesConf,
  credentials: async () => undefined,
  certificates: async () => ({ authorities: [], identities: [] }),
  userAgent: 'test/1',
  env: {},
});
const parsed = parseReference(`${address}/app:1`);
if (parsed.kind === 'problem') throw new Error(parsed.text);
const { reference } = parsed;
const wanted = texts.map((text) => {
  const [digestText, size] = text.split('=');
  const digest = asDigest(digestText);
  if (digest === undefined) throw new Error(`no digest: ${text}`);
  const blob = { digest, sizeBytes: Number(size) };
  return { ...blob, open: openBlobFrom(registry, reference, blob, { tlsVerify: false }) };
});
const cache = await openBlobCache(folderPath);
const parts = {
  cache,
  stallMs: 5_000,
  delayAfter: () => undefined,
  pause: async () => {},
  now: () => performance.now(),
};
const { failed } = await fetchBlobs(wanted, parts, new AbortController().signal, () => {});
await registry.close();
process.exitCode = failed.size === 0 ? 0 : 1;
