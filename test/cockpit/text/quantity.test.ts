import { expect, test } from 'vitest';
import { durationText, secondsLeft, sizeText } from '../../../src/cockpit/text/quantity.ts';

test.each([
  [0, 'en', '0 bytes'],
  [999, 'en', '999 bytes'],
  [1000, 'en', '1 kB'],
  [12_340_000, 'en', '12.3 MB'],
  [1_000_000_000, 'en', '1 GB'],
  [5_000_000_000_000_000, 'en', '5,000 TB'],
  [12_340_000, 'de', '12,3 MB'],
  [12_340_000, 'pt_BR', '12,3 MB'],
])('%d bytes in %s', (bytes, language, text) => {
  expect(sizeText(bytes, language)).toBe(text);
});

test.each([
  [0, '1 sec'],
  [59.2, '60 sec'],
  [61, '2 min'],
  [5400, '2 hr'],
])('%d seconds', (seconds, text) => {
  expect(durationText(seconds, 'en')).toBe(text);
});

test('nobody knows how long is left without a total or a rate', () => {
  expect(secondsLeft({ bytesDone: 10, bytesTotal: 30, bytesPerSecond: 10 })).toBe(2);
  expect(secondsLeft({ bytesDone: 40, bytesTotal: 30, bytesPerSecond: 10 })).toBe(0);
  expect(secondsLeft({ bytesDone: 10, bytesTotal: 0, bytesPerSecond: 10 })).toBeUndefined();
  expect(secondsLeft({ bytesDone: 10, bytesTotal: 30, bytesPerSecond: 0 })).toBeUndefined();
});
