import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { runProgram } from '../../src/system/run-program.ts';
import { temporaryFolder } from './temporary-folder.ts';

export interface PodmanResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface TestStore extends AsyncDisposable {
  /** An additional image store, as bootc has one: empty at first. */
  readonly path: string;
  /** For `--runroot`, and all else that a program writes beside the store. */
  readonly runPath: string;
  /** A podman that has a store of its own, with this one as additional image store: what a host's podman sees. */
  podman(...argv: readonly string[]): Promise<PodmanResult>;
  /** A podman whose own store this one is, to write it as bootc does. */
  podmanInside(...argv: readonly string[]): Promise<PodmanResult>;
  /** The names of all images that the host's podman sees, sorted. */
  imageNames(): Promise<string[]>;
}

/** Makes an empty store below TMPDIR, which must be on a disk: overlay storage does not lie on an overlay. Needs root. */
export async function makeStore(): Promise<TestStore> {
  const folder = await temporaryFolder();
  const path = join(folder.path, 'store');
  const runPath = join(folder.path, 'run');
  await mkdir(path);
  const own = ['--root', join(folder.path, 'own'), '--runroot', runPath, '--storage-driver=overlay'];

  const run = async (argv: readonly string[]): Promise<PodmanResult> => {
    const result = await runProgram('podman', argv, { limitMs: 60_000 });
    return { ...result, stdout: result.stdout.toString('utf8') };
  };
  const podman: TestStore['podman'] = async (...argv) =>
    run([...own, `--storage-opt=additionalimagestore=${path}`, ...argv]);
  return {
    path,
    runPath,
    podman,
    podmanInside: async (...argv) =>
      run([
        '--root',
        path,
        '--runroot',
        join(folder.path, 'run-inside'),
        '--storage-driver=overlay',
        ...argv,
      ]),
    imageNames: async () => {
      const { exitCode, stdout, stderr } = await podman('images', '--format=json');
      if (exitCode !== 0) throw new Error(`podman images failed: ${stderr}`);
      const images = JSON.parse(stdout) as { Names?: string[] }[];
      return images.flatMap((image) => image.Names ?? []).sort();
    },
    [Symbol.asyncDispose]: async () => folder[Symbol.asyncDispose](),
  };
}
