import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { metricsText } from '../../src/state/metrics.ts';
import { readExposition } from './exposition.ts';
import { hostState, imageState } from './sample.ts';

test('what a host says of itself', () => {
  expect(Object.fromEntries(readExposition(metricsText(hostState)))).toEqual({
    'boundimages_images{state="present"}': 1,
    'boundimages_images{state="missing"}': 1,
    'boundimages_images{state="fetching"}': 1,
    'boundimages_images{state="verifying"}': 0,
    'boundimages_images{state="damaged"}': 0,
    'boundimages_images{state="unknown"}': 0,
    'boundimages_image_present{reference="quay.io/ex/app:1"}': 1,
    'boundimages_image_present{reference="quay.io/ex/web:1"}': 0,
    'boundimages_image_present{reference="quay.io/ex/db:1"}': 0,
    boundimages_booted_ready: 0,
    boundimages_next_boot_ready: 0,
    'boundimages_next_boot_verdict{verdict="ready"}': 0,
    'boundimages_next_boot_verdict{verdict="waiting"}': 1,
    'boundimages_next_boot_verdict{verdict="blocked"}': 0,
    'boundimages_next_boot_verdict{verdict="none"}': 0,
    'boundimages_problems{severity="error"}': 0,
    'boundimages_problems{severity="warning"}': 1,
    boundimages_fetch_pending_bytes: 1500,
    boundimages_storage_bytes: 12_345,
    boundimages_last_refresh_timestamp_seconds: 1_795_000_000.25,
  });
});

test.each([
  ['ready', 1],
  ['none', 1],
  ['waiting', 0],
  ['blocked', 0],
] as const)('a next boot that is %s', (verdict, ready) => {
  const series = readExposition(metricsText({ ...hostState, nextBoot: { verdict, reason: '' } }));
  expect(series.get('boundimages_next_boot_ready')).toBe(ready);
});

test('no reference breaks the format', () => {
  const reference = fc.oneof(
    fc.string(),
    fc.string({ unit: fc.constantFrom('\\', '"', '\n', 'n', '}', ' ', ',') }),
  );
  fc.assert(
    fc.property(fc.uniqueArray(reference, { maxLength: 5 }), (references) => {
      const images = references.map((text) => imageState(text, 'present'));
      const series = readExposition(metricsText({ ...hostState, images }));
      const shown = [...series.keys()]
        .map((key) => /^boundimages_image_present\{reference="(.*)"\}$/s.exec(key)?.[1])
        .filter((text) => text !== undefined)
        .map((text) => text.replace(/\\(.)/g, (_all, letter: string) => (letter === 'n' ? '\n' : letter)));
      expect(shown).toEqual(references);
    }),
  );
});

test('bound-images.toml(5) has every metric, with its help', () => {
  const page = readFileSync(new URL('../../docs/man/bound-images.toml.5', import.meta.url), 'utf8');
  const documented = page.matchAll(/^\.It Li (\w+)\n(.*)$/gm);
  const ours = metricsText(hostState).matchAll(/^# HELP boundimages_(\w+) (.*)$/gm);
  const rows = (matches: Iterable<readonly string[]>): string[] =>
    Array.from(matches, ([, name, help]) => `${name}: ${help}`);
  expect(rows(documented)).toEqual(rows(ours));
});
