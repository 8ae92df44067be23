// What test/dbus/race-outside.ts runs inside a host: `race-inside.ts CALLS`.
import { installService } from './install-service.ts';
import { race } from './race.ts';

const idleMs = 60;
await installService({ IDLE_MS: idleMs, JOB_MS: 1 });
const result = await race(Number(process.argv[2]), idleMs);
process.stdout.write(`${JSON.stringify(result)}\n`);
process.exitCode = result.lost.length === 0 && result.processes > 1 ? 0 : 1;
