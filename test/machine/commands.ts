import type { Interface } from 'node:readline';
import type { Writable } from 'node:stream';
import type { MachineResult } from './boot.ts';

type Answer = { readonly up: true } | ({ readonly up?: never; readonly id: number } & MachineResult);

/** Commands over one line to the machine, several at a time; serve.ts is at its other end. */
export function runInto(
  line: Writable,
  answers: Interface,
): {
  readonly up: Promise<void>;
  readonly run: (argv: readonly [string, ...string[]], input: string) => Promise<MachineResult>;
} {
  const up = Promise.withResolvers<void>();
  const waiting = new Map<number, (result: MachineResult) => void>();
  let commands = 0;
  answers.on('line', (text) => {
    // What firmware and kernel write there before us is no JSON.
    if (!text.startsWith('{')) return;
    const answer = JSON.parse(text) as Answer;
    if (answer.up === true) return up.resolve();
    waiting.get(answer.id)?.(answer);
    waiting.delete(answer.id);
  });
  return {
    up: up.promise,
    run: async (argv, input) => {
      const id = (commands += 1);
      line.write(`${JSON.stringify({ id, argv, input })}\n`);
      return new Promise((resolve) => waiting.set(id, resolve));
    },
  };
}
