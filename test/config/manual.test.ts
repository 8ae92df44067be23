import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { parseConfiguration } from '../../src/config/parse-configuration.ts';
import { manualKeys } from './manual-keys.ts';

const page = readFileSync(new URL('../../docs/man/bound-images.toml.5', import.meta.url), 'utf8');

test('bound-images.toml(5) has every key, as it is', () => {
  const written = page.slice(page.indexOf('.Ss ['), page.indexOf('.Sh METRICS'));
  expect(written).toBe(manualKeys());
});

test('the example in bound-images.toml(5) is a configuration', () => {
  const [, example = ''] = /^\.Bd -literal[^\n]*\n(.*?)^\.Ed$/ms.exec(page) ?? [];
  expect([...parseConfiguration(example, 'example').keys()]).toEqual([
    'fetch.bandwidth-limit',
    'fetch.window',
    'store.retain',
  ]);
});
