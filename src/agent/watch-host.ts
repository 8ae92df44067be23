import { join } from 'node:path';
import { watch } from 'chokidar';
import { containersStorePath } from '../prefetch/containers-store.ts';

/** Several writes of one change arrive together: bootc's staging and c/storage's records take some hundred files. */
const settleMs = 200;

export interface HostListeners {
  /** Deployments, the staged state or the store may be others now. */
  readonly onChange: () => void;
  /** Containers came or went. */
  readonly onContainers: () => void;
}

/** Calls back soon after something has changed. What is not there yet is noticed when it appears. */
export function watchHost(storePath: string, { onChange, onContainers }: HostListeners): AsyncDisposable {
  const watchers = [
    watchPlaces([...storePlaces(storePath), ...stagingPlaces, ...quadletPlaces], onChange),
    watchPlaces([join(containersStorePath(), 'overlay-containers')], onContainers),
  ];
  return {
    async [Symbol.asyncDispose]() {
      await Promise.all(watchers.map(async (each) => each[Symbol.asyncDispose]()));
    },
  };
}

function watchPlaces(places: readonly string[], onChange: () => void): AsyncDisposable {
  const watcher = watch([...places], {
    depth: 0,
    ignoreInitial: true,
    // A link's own change is what matters: bound-images.d holds nothing but links.
    followSymlinks: false,
    // Whatever cannot be watched is found by the next pass.
    ignorePermissionErrors: true,
  });
  let timer: NodeJS.Timeout | undefined;
  watcher.on('all', () => {
    clearTimeout(timer);
    timer = setTimeout(onChange, settleMs).unref();
  });
  watcher.on('error', onChange);
  return {
    async [Symbol.asyncDispose]() {
      clearTimeout(timer);
      await watcher.close();
    },
  };
}

/**
 * bootc touches the first at each change of its status, but the composefs backend: of a rollback only the boot entries tell there.
 * What is in /run is there while something is staged.
 */
const stagingPlaces = [
  '/ostree/bootc',
  '/run/ostree',
  '/run/composefs',
  '/sysroot/composefs/images',
  '/boot/loader',
  '/boot/loader/entries',
];

/** Of the booted OS: the others' do not change once they are deployed. */
const quadletPlaces = ['/usr/lib/bootc/bound-images.d', '/etc/containers/systemd'];

function storePlaces(storePath: string): string[] {
  return ['overlay-images', 'overlay-layers', 'overlay'].map((folder) => join(storePath, folder));
}
