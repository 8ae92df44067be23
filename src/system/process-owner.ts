import { readFile } from 'node:fs/promises';
import * as v from 'valibot';

const schema = v.object({ pid: v.pipe(v.number(), v.integer()), startTicks: v.string(), bootId: v.string() });

/** One process of one boot: another that gets the same pid later is not taken for it. */
export type Owner = v.InferOutput<typeof schema>;

export async function thisProcess(): Promise<Owner> {
  const startTicks = await startTicksOf(process.pid);
  return { pid: process.pid, startTicks: startTicks ?? '', bootId: await bootId() };
}

/** Equal as long as the machine runs: the page cache then has all that was written (random(4)). */
export async function bootId(): Promise<string> {
  return (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim();
}

export async function isAlive(owner: Owner): Promise<boolean> {
  return owner.bootId === (await bootId()) && owner.startTicks === (await startTicksOf(owner.pid));
}

/** What a process wrote of itself; undefined where a power loss left something else. */
export function parseOwner(text: string): Owner | undefined {
  try {
    const parsed = v.safeParse(schema, JSON.parse(text));
    return parsed.success ? parsed.output : undefined;
  } catch {
    return undefined;
  }
}

/** Field 22 of proc_pid_stat(5); undefined for a process that is gone, or a zombie. */
async function startTicksOf(pid: number): Promise<string | undefined> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  // The name before it may hold anything, parentheses too.
  const [state, ...fields] = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return state === 'Z' || state === 'X' ? undefined : fields[18];
}
