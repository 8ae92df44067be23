// `node test/fuzz/run.ts [NAME...]`: the fuzz targets for FUZZ_SECONDS (60 unless set) in all, each for its share. The seed and
// path that fast-check prints for a failure make it again: `FUZZ_SEED=SEED node test/fuzz/run.ts NAME`.
import * as fc from 'fast-check';
import { targets } from './targets.ts';

const names = process.argv.slice(2);
const chosen = targets.filter(({ name }) => names.length === 0 || names.includes(name));
const seconds = Number(process.env['FUZZ_SECONDS'] ?? 60);
const seed = Number(process.env['FUZZ_SEED'] ?? Date.now());
if (chosen.length === 0 || !(seconds > 0)) {
  process.stderr.write(`the targets are ${targets.map(({ name }) => name).join(', ')}\n`);
  process.exit(2);
}
for (const { name, property } of chosen) {
  const result = await fc.check(property, {
    seed,
    numRuns: Number.MAX_SAFE_INTEGER,
    interruptAfterTimeLimit: (seconds * 1000) / chosen.length,
    markInterruptAsFailure: false,
  });
  process.stdout.write(`${name}: ${result.numRuns} inputs, ${result.failed ? 'FAILED' : 'passed'}\n`);
  if (!result.failed) continue;
  process.stdout.write(`${fc.defaultReportMessage(result) ?? ''}\n`);
  process.exitCode = 1;
}
