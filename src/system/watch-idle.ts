import { readFile } from 'node:fs/promises';

/** Less than that in the whole time is none: a runtime's own bookkeeping reads and writes some bytes too. */
const idleBytes = 1024;
const looksPerLimit = 8;

/**
 * Calls `onIdle` once a program has read and written next to nothing for so long, from wherever and to wherever (proc_pid_io(5)).
 * A slow link and a long unpacking are progress; a server that is silent is none.
 * @param isExcused whether it has a reason to do nothing just now
 */
export function watchIdle(
  pid: number,
  limitMs: number,
  onIdle: () => void,
  isExcused: () => boolean = () => false,
): Disposable {
  let seen = { bytes: 0, atMs: performance.now() };
  const look = async (): Promise<void> => {
    const bytes = await bytesMoved(pid);
    const nowMs = performance.now();
    if (bytes === undefined || bytes - seen.bytes >= idleBytes || isExcused())
      seen = { bytes: bytes ?? 0, atMs: nowMs };
    else if (nowMs - seen.atMs >= limitMs) onIdle();
  };
  const timer = setInterval(() => void look(), limitMs / looksPerLimit);
  return { [Symbol.dispose]: () => clearInterval(timer) };
}

/** Undefined once the program is gone. */
async function bytesMoved(pid: number): Promise<number | undefined> {
  const text = await readFile(`/proc/${pid}/io`, 'utf8').catch(() => '');
  const [, read] = /^rchar: (\d+)$/m.exec(text) ?? [];
  const [, written] = /^wchar: (\d+)$/m.exec(text) ?? [];
  return read === undefined || written === undefined ? undefined : Number(read) + Number(written);
}
