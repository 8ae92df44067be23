import { mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeStore, type TestStore } from '../support/store.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { type CliOptions, type CliResult, runCli, startCli, type RunningCli } from './run-cli.ts';

/** A root that binds images, an empty store, and the program run on both. */
export interface Scene extends AsyncDisposable {
  readonly rootPath: string;
  readonly store: TestStore;
  /** Binds a quadlet: its file is written, and bound-images.d links to it. */
  bind(name: string, content: string): Promise<void>;
  /** Binds `name.image` with `Image=` and the lines that follow it. */
  bindImage(name: string, image: string, ...lines: readonly string[]): Promise<void>;
  /** `bound-images COMMAND --root ROOT --store STORE ARGV...` */
  run(command: string, argv?: readonly string[], options?: CliOptions): Promise<CliResult>;
  start(command: string, argv?: readonly string[], options?: CliOptions): RunningCli;
  /** Images of the store by c/storage's own record: id to names. */
  storedNames(): Promise<Record<string, readonly string[]>>;
}

const quadletFolder = 'usr/share/containers/systemd';
export const boundFolder = 'usr/lib/bootc/bound-images.d';

export async function makeScene(): Promise<Scene> {
  const folder = await temporaryFolder();
  const store = await makeStore();
  const rootPath = join(folder.path, 'root');
  for (const each of [quadletFolder, boundFolder]) await mkdir(join(rootPath, each), { recursive: true });
  const bind = async (name: string, content: string): Promise<void> => {
    await writeFile(join(rootPath, quadletFolder, name), content);
    await rm(join(rootPath, boundFolder, name), { force: true });
    await symlink(`/${quadletFolder}/${name}`, join(rootPath, boundFolder, name));
  };
  const argvOf = (command: string, argv: readonly string[]): string[] => [
    command,
    '--root',
    rootPath,
    '--store',
    store.path,
    ...argv,
  ];
  return {
    rootPath,
    store,
    bind,
    bindImage: (name, image, ...lines) =>
      bind(`${name}.image`, ['[Image]', `Image=${image}`, ...lines, ''].join('\n')),
    run: (command, argv = [], options = {}) => runCli(argvOf(command, argv), options),
    start: (command, argv = [], options = {}) => startCli(argvOf(command, argv), options),
    storedNames: async () => {
      const text = await readFile(join(store.path, 'overlay-images', 'images.json'), 'utf8');
      const images = JSON.parse(text) as { id: string; names?: string[] }[];
      return Object.fromEntries(images.map(({ id, names }) => [id, names ?? []]));
    },
    [Symbol.asyncDispose]: async () => {
      await store[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
}

const dropIn = '/etc/containers/registries.conf.d/bound-images-test.conf';

/** Lets this host reach registries of loopback with plain HTTP, until it is disposed of. */
export async function allowPlainHttp(): Promise<AsyncDisposable> {
  await mkdir('/etc/containers/registries.conf.d', { recursive: true });
  // A host without a port stands for all its ports.
  await writeFile(dropIn, '[[registry]]\nlocation = "127.0.0.1"\ninsecure = true\n');
  return { [Symbol.asyncDispose]: () => rm(dropIn) };
}
