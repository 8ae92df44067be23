import { expect, test } from 'vitest';
import { configure, makeFetchScene } from '../cli/fetch-scene.ts';
import { allowPlainHttp } from '../cli/scene.ts';
import { makeImage, makeLayer, seededBytes } from '../support/image.ts';
import { pushImage } from '../support/push.ts';
import { startRegistry } from '../support/registry.ts';

const limit = 4_000_000;
const layerBytes = 1_500_000;
/** A connection's first bytes may lie in the kernel's buffers before anybody takes them. */
const bufferedBytes = 6 * 1024 * 1024;

// Also, nobody is as slow as this to take what has come: what waits meanwhile must stay what it is.
test('fetch.bandwidth-limit holds for all images and connections together', async () => {
  await using _plain = await allowPlainHttp();
  await using _settings = await configure(`[fetch]\nbandwidth-limit = ${limit}\nparallel = 4\n`);
  await using registry = await startRegistry();
  const images = ['one', 'two', 'three', 'four'];
  for (const name of images) {
    const layers = ['a', 'b'].map((part) => makeLayer({ [part]: seededBytes(name + part, layerBytes) }));
    await pushImage(makeImage(await Promise.all(layers)), `${registry.address}/${name}:1`);
  }
  const sent: { readonly atMs: number; readonly bytes: number }[] = [];
  await using fetched = await makeFetchScene(registry, images, {
    onSent: (bytes) => sent.push({ atMs: performance.now(), bytes }),
  });
  const { exitCode, stderr } = await fetched.prefetch();
  expect([exitCode, stderr]).toEqual([0, expect.any(String)]);
  const endMs = performance.now();
  const startMs = sent[0]?.atMs ?? endMs;
  // At no moment more than the limit allows since the start, but for what was sent and not yet read.
  for (const { atMs, bytes } of sent)
    expect(bytes).toBeLessThan(((atMs - startMs) / 1_000) * limit * 1.25 + bufferedBytes);
  expect(endMs - startMs).toBeGreaterThan(((images.length * 2 * layerBytes) / limit) * 1_000 * 0.85);
});
