import { Failure } from '../model/failure.ts';
import { watchIdle } from './watch-idle.ts';

export interface ProgramOptions {
  /** Ends the program's whole process group: SIGTERM, and SIGKILL after `graceMs`. */
  readonly signal?: AbortSignal | undefined;
  /** Wall-clock limit; none unless given. */
  readonly limitMs?: number;
  /** Ends it when it has neither read nor written anything for so long. */
  readonly idleLimitMs?: number | undefined;
  /** Whether it waits for us: then it may be idle. */
  readonly isWaiting?: (() => boolean) | undefined;
  readonly input?: string;
  /** Added to our own environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** Each of stdout and stderr; what goes beyond it fails the run. */
  readonly limitBytes?: number;
  /** Called with each line of stderr as it comes. */
  readonly onErrorLine?: (line: string) => void;
}

export interface ProgramResult {
  readonly exitCode: number;
  readonly stdout: Buffer;
  readonly stderr: string;
}

const graceMs = 5_000;
const defaultLimitBytes = 64 * 1024 * 1024;

/**
 * Runs one of the host's programs, never through a shell. Any exit status is a result.
 * @throws Failure `ProgramMissing`, `ProgramFailed` (a signal ended it), `ProgramOutput` (too much), `TimedOut`, `Cancelled`.
 */
export async function runProgram(
  program: string,
  argv: readonly string[],
  options: ProgramOptions = {},
): Promise<ProgramResult> {
  if (options.signal?.aborted) throw new Failure('Cancelled', `cancelled before ${program} was started`);
  // Loaded with the first program that is run: a start that runs none is a fifth faster.
  const { execa } = await import('execa');
  // A group of its own: a terminal's Ctrl-C reaches us alone, and we end the program and all that it started.
  const child = execa(program, argv, {
    detached: true,
    encoding: 'buffer',
    input: options.input ?? '',
    maxBuffer: options.limitBytes ?? defaultLimitBytes,
    reject: false,
    stripFinalNewline: false,
    ...(options.env === undefined ? {} : { env: options.env }),
  });
  let ended: 'Cancelled' | 'TimedOut' | 'Idle' | undefined;
  const killTimers: NodeJS.Timeout[] = [];
  const end = (why: 'Cancelled' | 'TimedOut' | 'Idle'): void => {
    if (ended !== undefined) return;
    ended = why;
    signalGroup(child.pid, 'SIGTERM');
    killTimers.push(setTimeout(signalGroup, graceMs, child.pid, 'SIGKILL'));
  };
  const onAbort = (): void => end('Cancelled');
  options.signal?.addEventListener('abort', onAbort, { once: true });
  if (options.limitMs !== undefined) killTimers.push(setTimeout(end, options.limitMs, 'TimedOut'));
  const { idleLimitMs } = options;
  using _idle =
    idleLimitMs === undefined || child.pid === undefined
      ? undefined
      : watchIdle(child.pid, idleLimitMs, () => end('Idle'), options.isWaiting);
  const { onErrorLine } = options;
  if (onErrorLine !== undefined) forwardLines(child.stderr, onErrorLine);
  try {
    const result = await child;
    if (ended === 'Cancelled') throw new Failure('Cancelled', `${program} was cancelled`);
    if (ended === 'TimedOut')
      throw new Failure('TimedOut', `${program} did not end within ${options.limitMs} ms`);
    if (ended === 'Idle')
      throw new Failure(
        'TimedOut',
        `${program} made no progress for ${Math.round((idleLimitMs ?? 0) / 1000)} s`,
      );
    if (result.code === 'ENOENT') {
      throw new Failure('ProgramMissing', `${program} is not installed, or not on the PATH`, {
        cause: result,
      });
    }
    if (result.isMaxBuffer) throw new Failure('ProgramOutput', `${program} printed more than its limit`);
    const stderr = Buffer.from(result.stderr).toString('utf8');
    if (result.exitCode === undefined) {
      const reason =
        result.signal === undefined ? (result.shortMessage ?? 'failed') : `was ended by ${result.signal}`;
      throw new Failure(
        'ProgramFailed',
        `${program} ${reason}${stderr === '' ? '' : `: ${lastLine(stderr)}`}`,
      );
    }
    return { exitCode: result.exitCode, stdout: Buffer.from(result.stdout), stderr };
  } finally {
    killTimers.forEach(clearTimeout);
    options.signal?.removeEventListener('abort', onAbort);
  }
}

/** The last line that says something: programs say there why they failed. */
export function lastLine(text: string): string {
  return text.trimEnd().split('\n').at(-1)?.trim() ?? '';
}

function signalGroup(pid: number | undefined, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch (error) {
    // ESRCH: it ended in between, which is what was wanted.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

function forwardLines(stream: NodeJS.ReadableStream, onLine: (line: string) => void): void {
  let rest = '';
  stream.on('data', (chunk: Buffer) => {
    const lines = (rest + chunk.toString('utf8')).split('\n');
    rest = lines.pop() ?? '';
    lines.forEach(onLine);
  });
}
