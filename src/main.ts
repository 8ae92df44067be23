#!/usr/bin/env node
import { say } from './cli/print.ts';
import { asFailure, type ExitStatus } from './model/failure.ts';

// The first Ctrl-C or SIGTERM lets what runs end in order; the second is the default again and ends us at once.
const cancel = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => cancel.abort());

void main(process.argv.slice(2), cancel.signal);

async function main(argv: readonly string[], signal: AbortSignal): Promise<void> {
  try {
    process.exitCode = await run(argv, signal);
  } catch (error) {
    const failure = asFailure(error);
    say(`bound-images: ${failure.message}`);
    if (failure.code === 'Internal' && failure.cause instanceof Error) say(failure.cause.stack ?? '');
    process.exitCode = failure.exitStatus;
  }
}

async function run(argv: readonly string[], signal: AbortSignal): Promise<ExitStatus> {
  // Somebody has called the service and waits: no command line is parsed.
  if (argv.length === 1 && argv[0] === 'agent') return (await import('./cli/agent.ts')).serveAgent(signal);
  // A reader that goes away, as `head` does, has what it wanted.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
  return (await import('./cli/program.ts')).runProgramLine(argv, signal);
}
