import { expect, test } from 'vitest';
import { sinceLastStart } from '../../../src/cockpit/text/last-start.ts';

test('leaves out what was before the last start', () => {
  expect(sinceLastStart(['Stopped a.', 'Starting a...', 'old', 'Starting a...', 'bad key'])).toEqual([
    'Starting a...',
    'bad key',
  ]);
  expect(sinceLastStart(['the last of many lines'])).toEqual(['the last of many lines']);
});
