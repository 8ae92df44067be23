import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { countResults } from './results.ts';

function report(numPassedTests: number, numFailedTests: number, testResults: unknown[]): string {
  return JSON.stringify({ numPassedTests, numFailedTests, testResults });
}

test('runs are added up, and a file of tests that did not load is a failure', async () => {
  await using folder = await temporaryFolder();
  const loaded = { status: 'failed', assertionResults: [{ status: 'failed' }] };
  await writeFile(join(folder.path, '1.json'), report(3, 1, [loaded]));
  await writeFile(join(folder.path, '2.json'), report(4, 0, [{ status: 'failed', assertionResults: [] }]));
  await writeFile(join(folder.path, 'other.txt'), 'not a report');
  expect(await countResults(folder.path)).toEqual({ passed: 7, failed: 2 });
});
