import { Failure } from '../model/failure.ts';
import type { HostState } from '../model/host-state.ts';
import { writeFileWhole } from '../system/write-file.ts';
import { metricsText } from './metrics.ts';

/** The state of a host as other programs read it. Job ids are numbers: they stay far below 2^53. */
export function hostStateText(state: HostState): string {
  const asNumber = (_name: string, value: unknown): unknown =>
    typeof value === 'bigint' ? Number(value) : value;
  return `${JSON.stringify({ schema: 1, ...state }, asNumber, 2)}\n`;
}

/**
 * Writes files that everybody may read, each whole at any moment.
 * @param paths of /run/bound-images/state.json, and of the textfile collector's file, where one is wanted
 * @throws Failure `NoSpace`, `Internal` naming the file
 */
export async function publish(
  state: HostState,
  paths: { readonly statePath: string; readonly textfilePath?: string },
): Promise<void> {
  await writePublic(paths.statePath, hostStateText(state));
  if (paths.textfilePath !== undefined) await writePublic(paths.textfilePath, metricsText(state));
}

async function writePublic(path: string, text: string): Promise<void> {
  try {
    await writeFileWhole(path, text, { mode: 0o644 });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new Failure(code === 'ENOSPC' ? 'NoSpace' : 'Internal', `cannot write ${path}: ${code}`, {
      cause: error,
    });
  }
}
