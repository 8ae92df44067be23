import { expect, test } from 'vitest';
import { formatBytes } from '../../src/cli/bytes.ts';

test.each([
  [0, '0 B'],
  [999, '999 B'],
  [1_000, '1 kB'],
  [4_234_000, '4.2 MB'],
  [12_345_678, '12.3 MB'],
  [1_500_000_000, '1.5 GB'],
])('%d bytes are %s', (bytes, text) => {
  expect(formatBytes(bytes)).toBe(text);
});
