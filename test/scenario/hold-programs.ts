import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Scene } from './scene.ts';

/** Below the agent's own folder, which its unit may write too. */
const folder = '/run/bound-images/hold';

export interface Held {
  /** Waits until a program is called so. */
  reached(): Promise<void>;
  /** Lets it go on, where it has not been killed. */
  letGo(): Promise<void>;
}

/** Puts `hold-program.sh` before programs of a host. */
export async function installHold(scene: Scene, ...programs: readonly string[]): Promise<void> {
  const script = await readFile(join(import.meta.dirname, 'hold-program.sh'), 'utf8');
  for (const program of programs)
    await writeFile(scene.path(`/usr/local/bin/${program}`), script, { mode: 0o755 });
}

/**
 * The next call of a program that looks like that waits, before it does anything or when it has done it.
 * @param call a pattern of the shell: `bootc upgrade --check*`
 */
export async function holdNext(scene: Scene, moment: 'before' | 'after', call: string): Promise<Held> {
  const script = `rm -rf ${folder} && mkdir -p ${folder} && mkfifo ${folder}/held ${folder}/go && printf '%s\\n' "$@" >${folder}/next`;
  await scene.stdoutOf('sh', '-c', script, 'sh', moment, call);
  return {
    reached: async () => void (await scene.stdoutOf('cat', `${folder}/held`)),
    // Opened for both, so that it does not wait for one who has been killed.
    letGo: async () => void (await scene.stdoutOf('sh', '-c', `echo go 1<>${folder}/go`)),
  };
}
