import { rm, writeFile } from 'node:fs/promises';
import { type MessageName, messageIds } from '../../src/guard/message-ids.ts';
import type { Digest } from '../../src/model/digest.ts';
import { type BootcHost, bootBootcHost, osReference } from '../standin/host.ts';
import { makeOsImage } from '../standin/os-image.ts';
import { busyboxLayer, makeImage, makeLayer } from '../support/image.ts';
import { type Followed, follow } from './follow.ts';
import { installProduct } from './install-product.ts';

export const registry = '127.0.0.1:5000';

/** By a definition's name its `Image=`, or the whole quadlet. */
type Bound = Readonly<Record<string, string>>;

export interface SceneOptions {
  readonly name: string;
  /** Of version 1, which is installed and booted. */
  readonly bound?: Bound;
  /** Images that the registry has before the product is installed. */
  readonly apps?: readonly string[];
  readonly backend?: 'ostree' | 'composefs';
}

/** A bootc host with the product installed. */
export interface Scene extends BootcHost {
  /** Pushes an image that runs. @param reference below the registry, `web:1`; @param text makes it another */
  pushApp(reference: string, text?: string): Promise<Digest>;
  /** Publishes the next OS image. @returns its version */
  publish(bound: Bound, reference?: string): Promise<string>;
  /** Of what is booted. */
  version(): Promise<string>;
  status(): Promise<Status>;
  /** Names of what the store has, in order. */
  storedNames(): Promise<string[]>;
  /** Entries of the journal of this boot with a MESSAGE_ID. */
  entries(name: MessageName): Promise<string[]>;
  /** The first such entry, of this boot, of which that is true. */
  untilEntry(name: MessageName, holds?: (text: string) => boolean, limitMs?: number): Promise<string>;
  /** Waits until there are so many of them. */
  untilEntries(name: MessageName, count: number): Promise<void>;
  /** Ends the agent, and what it has written down with it: a state that is read afterwards is the next one's. */
  stopAgent(): Promise<void>;
  /** /etc/bound-images.toml, or none, for the next agent: this one is stopped, and what watches the file does not start one. */
  configure(text: string | undefined): Promise<void>;
  follow(...command: readonly string[]): Followed;
  /** A command where the store can be written: on a bootc host, in a mount namespace of its own. */
  writing(...argv: readonly string[]): Promise<string>;
}

/** As process 1, `sleep` alone would not hear of a stop. */
const untilStopped = 'trap exit TERM; sleep 600 & wait';

/** `bound-images status --json`, as far as the tests look. */
export interface Status {
  readonly state: string;
  readonly nextBoot: { readonly verdict: string; readonly reason: string };
  readonly deployments: readonly {
    readonly slot: string;
    readonly state: string;
    readonly osImage: string;
    readonly version: string | null;
    readonly ownBytes: number;
  }[];
  readonly store: Readonly<Record<'sizeBytes' | 'sharedBytes' | 'unboundBytes' | 'freeBytes', number>>;
  readonly images: readonly {
    readonly image: string;
    readonly state: string;
    readonly boundBy: readonly { readonly slot: string }[];
    readonly error: { readonly code: string; readonly text: string } | null;
  }[];
}

export async function openScene({
  name,
  bound = {},
  apps = [],
  backend = 'ostree',
}: SceneOptions): Promise<Scene> {
  const busybox = await busyboxLayer();
  let published = 1;
  const host = await bootBootcHost({ name, backend, osImage: await makeOsImage({ version: '1', bound }) });
  const scene: Scene = {
    ...host,
    pushApp: async (reference, text = reference) => {
      const layers = [busybox, await makeLayer({ 'etc/app': `${text}\n` })];
      const image = makeImage(layers, { command: ['sh', '-c', untilStopped] });
      return host.push(image, `${registry}/${reference}`);
    },
    publish: async (next, reference = osReference) => {
      const version = `${(published += 1)}`;
      await host.push(await makeOsImage({ version, bound: next }), reference);
      return version;
    },
    version: async () => host.stdoutOf('sh', '-c', '. /usr/lib/os-release && echo $VERSION_ID'),
    status: async () => {
      const { stdout, stderr } = await host.run(['bound-images', 'status', '--json']);
      if (stdout === '') throw new Error(stderr);
      return JSON.parse(stdout) as Status;
    },
    storedNames: async () => {
      const store = backend === 'ostree' ? '/usr/lib/bootc/storage' : '/usr/lib/bound-images/storage';
      const list = ['image', 'list', '--format=json'];
      const text = await host.stdoutOf('podman', `--storage-opt=additionalimagestore=${store}`, ...list);
      const images = JSON.parse(text) as { readonly Names?: readonly string[] }[];
      return images.flatMap(({ Names = [] }) => Names).toSorted();
    },
    entries: async (id) => {
      const text = await host.stdoutOf('journalctl', '--boot', '--output=cat', match(id));
      return text === '' ? [] : text.split('\n');
    },
    untilEntry: async (id, holds = () => true, limitMs) => {
      await using entries = follow(
        host,
        'journalctl',
        '--boot',
        '--output=cat',
        '--lines=all',
        '--follow',
        match(id),
      );
      return await entries.until(holds, limitMs);
    },
    untilEntries: async (id, count) => {
      let seen = 0;
      await scene.untilEntry(id, () => (seen += 1) === count);
    },
    stopAgent: async () => {
      await host.stdoutOf('systemctl', 'stop', 'bound-images.service');
      await host.stdoutOf('rm', '--force', '/run/bound-images/state.json');
    },
    configure: async (text) => {
      const watch = 'bound-images-refresh.path';
      await host.stdoutOf('systemctl', 'stop', watch);
      const path = host.path('/etc/bound-images.toml');
      await (text === undefined ? rm(path, { force: true }) : writeFile(path, text));
      await host.stdoutOf('systemctl', 'stop', 'bound-images.service');
      await host.stdoutOf('systemctl', 'start', watch);
    },
    follow: (...command) => follow(host, ...command),
    writing: async (...argv) =>
      host.stdoutOf(
        'unshare',
        '--mount',
        'sh',
        '-c',
        'mount -o remount,bind,rw /sysroot && exec "$@"',
        'sh',
        ...argv,
      ),
  };
  try {
    for (const app of apps) await scene.pushApp(app);
    await installProduct(host);
    return scene;
  } catch (error) {
    await host[Symbol.asyncDispose]();
    throw error;
  }
}

function match(name: MessageName): string {
  return `MESSAGE_ID=${messageIds[name].id}`;
}
