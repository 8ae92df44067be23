#!/usr/bin/env node
import { runProgramLine } from './cli/program.ts';
import { say } from './cli/print.ts';
import { asFailure } from './model/failure.ts';

// The first Ctrl-C or SIGTERM lets what runs end in order; the second is the default again and ends us at once.
const cancel = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => cancel.abort());
// A reader that goes away, as `head` does, has what it wanted.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
});

try {
  process.exitCode = await runProgramLine(process.argv.slice(2), cancel.signal);
} catch (error) {
  const failure = asFailure(error);
  say(`bound-images: ${failure.message}`);
  if (failure.code === 'Internal' && failure.cause instanceof Error) say(failure.cause.stack ?? '');
  process.exitCode = failure.exitStatus;
}
