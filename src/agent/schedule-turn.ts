import { runProgram } from '../system/run-program.ts';

const unit = 'bound-images-again';
const limitMs = 30_000;
/** Sooner, the agent would come back while it is still leaving. */
const leastMs = 5_000;

/**
 * Has systemd start the agent again when an image that failed is to be tried again: no process waits for that. An earlier appointment
 * of the agent's is replaced.
 * @param turnUs microseconds since the epoch; undefined where nothing waits
 */
export async function scheduleTurn(turnUs: number | undefined): Promise<void> {
  await runProgram('systemctl', ['stop', `${unit}.timer`], { limitMs });
  if (turnUs === undefined) return;
  const nowMs = Date.now();
  const seconds = Math.ceil(Math.max(turnUs / 1000 - nowMs, leastMs) / 1000);
  const argv = [
    `--unit=${unit}`,
    '--collect',
    '--quiet',
    `--on-active=${seconds}`,
    // The first goes by a clock that stands still while a host sleeps, and nights are meant that everybody's clock shows.
    `--on-calendar=@${Math.ceil(nowMs / 1000) + seconds}`,
    '--timer-property=AccuracySec=10s',
    'systemctl',
    'start',
    'bound-images-refresh.service',
  ];
  await runProgram('systemd-run', argv, { limitMs });
}
