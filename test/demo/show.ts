import { runProgram } from '../../src/system/run-program.ts';

export interface Expected {
  /** 0 unless given. */
  readonly exitCode?: number;
  /** Parts of what it prints, on stdout or stderr. */
  readonly says?: readonly string[];
}

/** The demo showed something else than it tells. */
export class Unexpected extends Error {}

export function tell(text: string): void {
  process.stdout.write(`\n# ${text}\n`);
}

/**
 * Prints a command line as one would type it, runs it, and prints what it prints.
 * @throws Unexpected
 */
export async function show(
  [program = '', ...argv]: readonly string[],
  { exitCode = 0, says = [] }: Expected,
  signal: AbortSignal,
): Promise<void> {
  const line = [program, ...argv].map(quote).join(' ');
  process.stdout.write(`\n$ ${line}\n`);
  const onErrorLine = (text: string): void => void process.stdout.write(`${text}\n`);
  const result = await runProgram(program, argv, { signal, onErrorLine, limitMs: 60_000 });
  const stdout = result.stdout.toString('utf8');
  process.stdout.write(stdout);

  const said = stdout + result.stderr;
  const faults = [
    ...(result.exitCode === exitCode ? [] : [`exit status ${result.exitCode} instead of ${exitCode}`]),
    ...says.filter((part) => !said.includes(part)).map((part) => `it does not say "${part}"`),
  ];
  if (faults.length > 0) throw new Unexpected(`${line}: ${faults.join('; ')}`);
}

function quote(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
}
