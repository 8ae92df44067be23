import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';

export interface Counts {
  readonly passed: number;
  readonly failed: number;
}

/** Adds up what the runs of vitest wrote with its JSON reporter into one folder. A file of tests that did not load counts as one failed. */
export async function countResults(folder: string): Promise<Counts> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.json'));
  const runs = await Promise.all(names.map(async (name) => readCounts(join(folder, name))));
  return {
    passed: runs.reduce((sum, run) => sum + run.passed, 0),
    failed: runs.reduce((sum, run) => sum + run.failed, 0),
  };
}

async function readCounts(path: string): Promise<Counts> {
  const report = JSON.parse(await readFile(path, 'utf8')) as {
    numPassedTests: number;
    numFailedTests: number;
    testResults: { status: string; assertionResults: unknown[] }[];
  };
  const unloaded = report.testResults.filter(
    (file) => file.status === 'failed' && file.assertionResults.length === 0,
  );
  return { passed: report.numPassedTests, failed: report.numFailedTests + unloaded.length };
}
