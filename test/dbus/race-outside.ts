// `npm run test:race [CALLS]`: so many calls, 2,000 unless given, aimed at the moment at which the service leaves, in a booted host with
// a real systemd and bus. Prints what became of them; fails where one was lost.
import { join } from 'node:path';
import { bootHost } from '../host/boot.ts';

const project = join(import.meta.dirname, '..', '..');
const calls = process.argv[2] ?? '2000';
const limitMs = 60_000 + Number(calls) * 500;

await using host = await bootHost({
  name: 'race',
  binds: { [project]: project, '/usr/local/bin/node': process.execPath },
});
const inside = ['node', join(project, 'test', 'dbus', 'race-inside.ts'), calls];
const { exitCode, stdout, stderr } = await host.run(inside, { workingFolder: project, limitMs });
process.stdout.write(stdout);
process.stderr.write(stderr);
process.exitCode = exitCode;
