import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { runProgram } from '../../src/system/run-program.ts';
import { installService } from './install-service.ts';
import { race } from './race.ts';

// `npm run test:race` aims thousands.
const calls = Number(process.env['RACE_CALLS'] ?? 100);
const idleMs = 60;

test('no call is lost between two lives of the service', { timeout: 20_000 + calls * 200 }, async () => {
  await using _ = await installService({ IDLE_MS: idleMs, JOB_MS: 1 });
  const { lost, processes, ...result } = await race(calls, idleMs);
  process.stdout.write(`${JSON.stringify({ ...result, lost: lost.length, processes })}\n`);
  expect(lost).toEqual([]);
  // It did leave, about as often as it was called for.
  expect(processes).toBeGreaterThan(calls / 50);
});

test('nor where systemd stops it meanwhile', { timeout: 90_000 }, async () => {
  await using _ = await installService({ IDLE_MS: 10_000, JOB_MS: 1 });
  const end = new AbortController();
  const stopping = stopAgainAndAgain(end.signal);
  const { lost, processes } = await race(100, 30);
  end.abort();
  expect(await stopping).toBeGreaterThan(1);
  expect(lost).toEqual([]);
  expect(processes).toBeGreaterThan(1);
});

async function stopAgainAndAgain(signal: AbortSignal): Promise<number> {
  let times = 0;
  for (; !signal.aborted; times += 1) {
    // Stopped while it is being started, no service could answer what the bus holds for it. A call that comes while it stops has
    // systemd start it again afterwards, which this systemctl may take for an error.
    const { stdout } = await runProgram('systemctl', ['is-active', 'bound-images.service']);
    if (stdout.toString().trim() === 'active')
      await runProgram('systemctl', ['stop', 'bound-images.service']);
    await delay(Math.random() * 100);
  }
  return times;
}
