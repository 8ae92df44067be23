import { expect, test } from 'vitest';
import { installService } from './install-service.ts';
import { race } from './race.ts';

// `npm run test:race` aims thousands.
const calls = Number(process.env['RACE_CALLS'] ?? 100);
const idleMs = 60;

test('no call is lost between two lives of the service', { timeout: 20_000 + calls * 200 }, async () => {
  await installService({ IDLE_MS: idleMs, JOB_MS: 1 });
  const { lost, processes, ...result } = await race(calls, idleMs);
  process.stdout.write(`${JSON.stringify({ ...result, lost: lost.length, processes })}\n`);
  expect(lost).toEqual([]);
  // It did leave, about as often as it was called for.
  expect(processes).toBeGreaterThan(calls / 50);
});
