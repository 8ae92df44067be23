import type { Logger } from 'pino';
import type { Configuration } from '../config/configuration.ts';

/** Priorities of syslog(3) by pino's levels: systemd takes them from a line's beginning (sd-daemon(3)). */
const priorities: Readonly<Record<number, number>> = { 20: 7, 30: 6, 40: 4, 50: 3 };

export type Log = (level: Configuration['log']['level'], text: string, facts?: object) => void;

/** Lines for the journal, on stderr. pino is loaded with the first: whoever activated the agent waits for an answer. */
export function openLog(least: () => Configuration['log']['level']): Log {
  let logger: Promise<Logger> | undefined;
  const write = async (
    loading: Promise<Logger>,
    level: Configuration['log']['level'],
    text: string,
    facts: object,
  ): Promise<void> => {
    const opened = await loading;
    opened.level = least();
    opened[level](facts, text);
  };
  return (level, text, facts = {}) => {
    logger ??= load();
    // Of what cannot be written as it should be the text is left, and nobody ends for it.
    write(logger, level, text, facts).catch(() => void process.stderr.write(`${text}\n`));
  };
}

async function load(): Promise<Logger> {
  // Its named export is not there once it is bundled.
  const { default: pino } = await import('pino');
  const stream = {
    // Has pino set `lastLevel` before it writes (pino, "Destinations").
    [Symbol.for('pino.metadata')]: true,
    lastLevel: 30,
    write(line: string): void {
      process.stderr.write(`<${priorities[stream.lastLevel] ?? 6}>${line}`);
    },
  };
  // The journal knows time, host and process.
  return pino({ base: null, timestamp: false, formatters: { level: (label) => ({ level: label }) } }, stream);
}
