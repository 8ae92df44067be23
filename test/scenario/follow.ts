import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Host } from '../host/boot.ts';

/** A program of a host that goes on saying something, such as `journalctl --follow`. */
export interface Followed extends AsyncDisposable {
  /** The first line, of all since its beginning, of which that is true. @throws Error after the limit, with what it said last */
  until(holds: (line: string) => boolean, limitMs?: number): Promise<string>;
  readonly lines: readonly string[];
}

const usualLimitMs = 90_000;

export function follow(host: Host, ...command: readonly string[]): Followed {
  const [program, ...argv] = host.command(command);
  // A group of its own: what runs inside is not nsenter's own process.
  const child = spawn(program, argv, { stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  const lines: string[] = [];
  const waiting = new Set<(line: string) => void>();
  for (const input of [child.stdout, child.stderr]) {
    createInterface({ input }).on('line', (line) => {
      lines.push(line);
      for (const hear of waiting) hear(line);
    });
  }
  return {
    lines,
    async until(holds, limitMs = usualLimitMs) {
      const said = lines.find(holds);
      if (said !== undefined) return said;
      const { promise, resolve, reject } = Promise.withResolvers<string>();
      const hear = (line: string): void => {
        if (holds(line)) resolve(line);
      };
      const giveUp = (): void => {
        const last = lines.slice(-20).join('\n');
        reject(new Error(`${command.join(' ')} did not say it within ${limitMs} ms; last:\n${last}`));
      };
      const limit = setTimeout(giveUp, limitMs);
      waiting.add(hear);
      try {
        return await promise;
      } finally {
        clearTimeout(limit);
        waiting.delete(hear);
      }
    },
    async [Symbol.asyncDispose]() {
      if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
      process.kill(-child.pid, 'SIGTERM');
      await once(child, 'close');
    },
  };
}
