import { existsSync } from 'node:fs';
import { Failure } from '../model/failure.ts';

/** The store that bound images are kept in on a host. */
export interface HostStore {
  readonly path: string;
  /** `bootc`: bootc's own. `own`: ours, where bootc has none or would empty it. */
  readonly mode: 'bootc' | 'own';
}

/** Where bootc keeps bound images: an additional image store that its own quadlets name (bootc, "Logically bound images"). */
const bootcStorePath = '/usr/lib/bootc/storage';
const ownStorePath = '/var/lib/bound-images/storage';
/** bootc's composefs backend keeps its state here. It never pulls bound images, and each staging deletes those in its store. */
const composefsPath = '/sysroot/composefs';

/**
 * The store that the configuration means on this host.
 * @param mode `auto`: bootc's, but where its backend is composefs or there is none
 * @throws Failure `BadConfiguration` where bootc's is asked for and not there
 */
export function hostStore(mode: 'auto' | 'bootc' | 'own', path: string | undefined): HostStore {
  const chosen = mode === 'auto' ? autoMode() : mode;
  if (chosen === 'own') return { path: path ?? ownStorePath, mode: 'own' };
  if (!existsSync(bootcStorePath)) {
    throw new Failure(
      'BadConfiguration',
      `store mode "bootc" is configured, but ${bootcStorePath} is not there: set mode = "own"`,
    );
  }
  return { path: path ?? bootcStorePath, mode: 'bootc' };
}

function autoMode(): HostStore['mode'] {
  return existsSync(bootcStorePath) && !existsSync(composefsPath) ? 'bootc' : 'own';
}
