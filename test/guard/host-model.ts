// A bootc host without its programs: what bootc does to deployments and store, in its order and with its exit statuses (upgrade,
// pull, prune), and what skopeo lets the agent do. The agent's decisions are not modelled: they are the product's own.
import type { GateEffects } from '../../src/agent/gate.ts';
import type { GarbageEffects } from '../../src/agent/collect-garbage.ts';
import type { Need } from '../../src/guard/need.ts';
import type { LockNote } from '../../src/guard/lock-note.ts';
import type { Readiness } from '../../src/guard/readiness.ts';
import type { Deployment } from '../../src/model/deployment.ts';
import { Failure } from '../../src/model/failure.ts';
import type { Inventory, StoredImage } from '../../src/model/inventory.ts';
import { digestOf, inventory, storedLayer } from '../support/samples.ts';
import { deployment } from './samples.ts';

/** An OS image: its number, and the names that it binds. No two of them are names of one content. */
export interface Os {
  readonly number: number;
  readonly binds: readonly string[];
}

export class Killed extends Error {}

const contents = 4;
/** Every name of a content: two tags, and its digest without and with one. */
export function namesOf(content: number): string[] {
  const repository = `r.test/app${content}`;
  const digest = digestOf(`manifest ${content}`);
  return [`${repository}:1`, `${repository}:2`, `${repository}@${digest}`, `${repository}:1@${digest}`];
}
const contentByName = new Map(
  Array.from({ length: contents }, (_, content) =>
    namesOf(content).map((name) => [name, content] as const),
  ).flat(),
);
export const contentCount = contents;

interface Deployed {
  readonly os: Os;
  readonly id: string;
  locked: boolean;
}

export interface Host {
  /** By content. One with no names is dangling. */
  readonly store: Map<number, Set<string>>;
  booted: Deployed;
  staged: Deployed | undefined;
  rollback: Deployed | undefined;
  rollbackQueued: boolean;
  /** What a prefetch has found out of the next OS image. */
  candidate: Os | undefined;
  registry: Os;
  /** What the registry has from the moment on at which bootc asks it. */
  movesTo: Os | undefined;
  /** bootc's own pulls of bound images fail, after it has staged. */
  pullsFail: boolean;
  isOnline: boolean;
  note: LockNote | undefined;
  /** Contents that containers were made from. */
  readonly containers: Set<number>;
  readonly hasDownloadOnly: boolean;
  /** How many more of its acts the agent lives for. */
  actsLeft: number;
  serial: number;
}

export function newHost(os: Os, hasDownloadOnly: boolean): Host {
  return {
    store: new Map(),
    booted: { os, id: 'booted at first', locked: false },
    staged: undefined,
    rollback: undefined,
    rollbackQueued: false,
    candidate: undefined,
    registry: os,
    movesTo: undefined,
    pullsFail: false,
    isOnline: true,
    note: undefined,
    containers: new Set(),
    hasDownloadOnly,
    actsLeft: Infinity,
    serial: 0,
  };
}

export function deployed(host: Host): Deployed[] {
  return [host.booted, host.staged, host.rollback].filter((one) => one !== undefined);
}

export function lackingOf(host: Host, { binds }: Os): string[] {
  return binds.filter((name) => ownerOf(host, name) === undefined);
}

function ownerOf({ store }: Host, name: string): number | undefined {
  return [...store].find(([, names]) => names.has(name))?.[0];
}

/** skopeo and podman alike: the name goes to the image, whoever had it. @throws Failure `Transient` */
function pull(host: Host, name: string): void {
  if (!host.isOnline) throw new Failure('Transient', 'the registry is away');
  const content = contentByName.get(name) ?? 0;
  const names = host.store.get(content) ?? new Set();
  host.store.set(content, names.add(name));
}

// What bootc does.

/** @returns bootc's exit status */
export function bootcStage(host: Host, os: Os, locked: boolean): number {
  if (host.staged?.os === os) {
    host.staged.locked = locked;
    return 0;
  }
  if (host.staged === undefined && host.booted.os === os) return 0;
  if (!host.isOnline) return 1;
  host.staged = { os, id: `staged ${(host.serial += 1)}`, locked };
  host.rollbackQueued = false;
  const unseen = os.binds.filter((name) => !podmanHas(host, name));
  if (unseen.length > 0 && host.pullsFail) return 1;
  for (const name of unseen) pull(host, name);
  return bootcPrune(host);
}

/** `podman image exists`: by name, or by a digest that the name has, whatever the tag. */
function podmanHas(host: Host, name: string): boolean {
  return (
    ownerOf(host, name) !== undefined || (name.includes('@') && host.store.has(contentByName.get(name) ?? -1))
  );
}

/** Of images of which no name is bound. `podman image rm ID` refuses one with two. */
export function bootcPrune(host: Host): number {
  const bound = new Set(deployed(host).flatMap(({ os }) => os.binds));
  for (const [content, names] of Array.from(host.store)) {
    if (!names.isDisjointFrom(bound)) continue;
    if (names.size > 1) return 125;
    host.store.delete(content);
  }
  return 0;
}

/** A locked deployment is not finalized, and what is staged is gone with /run. */
export function reboot(host: Host): void {
  if (host.rollbackQueued && host.rollback !== undefined)
    [host.booted, host.rollback] = [host.rollback, host.booted];
  else if (host.staged !== undefined && !host.staged.locked) {
    host.rollback = host.booted;
    host.booted = { ...host.staged };
  }
  host.staged = undefined;
  host.rollbackQueued = false;
}

// What the agent reads and does, each act of it the last one perhaps.

function act(host: Host): void {
  if (host.actsLeft === 0) throw new Killed();
  host.actsLeft -= 1;
}

function modelInventory({ store }: Host): Inventory {
  const base = storedLayer('base');
  const images = [...store].map(([content, names]): StoredImage => {
    const layers = [base, storedLayer(`layer ${content}`, { parent: 'base', diffSizeBytes: 1 })];
    const digests = [digestOf(`manifest ${content}`)];
    return { id: `${content}`, names: [...names], digests, layers, missing: [], createdUs: 0 };
  });
  return inventory(
    images,
    images.flatMap(({ layers }) => layers),
  );
}

function needsOf(host: Host): Need[] {
  const binders = [
    ['booted', host.booted.os],
    ['staged', host.staged?.os],
    ['rollback', host.rollback?.os],
    ['candidate', host.candidate],
  ] as const;
  return binders.flatMap(([slot, os]) => (os?.binds ?? []).map((name) => ({ slot, names: [name] })));
}

export function garbageEffects(host: Host): GarbageEffects {
  return {
    readInventory: async () => modelInventory(host),
    readNeeds: async () => ({ needs: needsOf(host), leases: [], osImages: [], unread: [] }),
    readInUse: async () => ({
      layers: new Map([...host.containers].map((content) => [`layer ${content}`, 'container web'])),
      images: new Map(),
    }),
    remove: async ({ id }) => {
      act(host);
      host.store.delete(Number(id));
    },
    dropName: async (name) => {
      if (name.includes('@')) throw new Error('skopeo gives no other image a name with a digest');
      act(host);
      for (const names of host.store.values()) names.delete(name);
    },
    rename: async (_, { id }, name) => {
      act(host);
      host.store.delete(Number(id));
      act(host);
      host.store.set(Number(id), new Set([name]));
    },
    nowUs: () => 0,
  };
}

/** Brings what deployments lack, and the candidate. @throws Failure, Killed */
export function complete(host: Host): void {
  const all = [
    ...deployed(host).map(({ os }) => os),
    ...(host.candidate === undefined ? [] : [host.candidate]),
  ];
  for (const name of all.flatMap((os) => lackingOf(host, os))) {
    act(host);
    pull(host, name);
  }
}

export function gateEffects(host: Host): GateEffects {
  const readiness = ({ os, ...facts }: Deployed): Readiness => ({
    deployment: deployment('staged', { ...facts, digest: osDigest(os) }) satisfies Deployment,
    lacking: lackingOf(host, os).map((image) => ({ image, state: 'missing' })),
    unreadable: 0,
  });
  const setLock = (id: string, locked: boolean): void => {
    act(host);
    if (host.staged?.id !== id) throw new Failure('NotFound', 'nothing is staged');
    host.staged.locked = locked;
  };
  const candidate = async () => {
    if (!host.isOnline) throw new Failure('Transient', 'the registry is away');
    host.candidate = host.registry;
    const lacking = lackingOf(host, host.registry).map((image) => ({ image, state: 'missing' }) as const);
    return { digest: osDigest(host.registry), lacking, unreadable: 0 };
  };
  return {
    awaitStagingEnd: async () => {},
    view: async () => ({
      booted: { digest: osDigest(host.booted.os) },
      ...(host.staged === undefined ? {} : { staged: readiness(host.staged) }),
      ...(host.note === undefined ? {} : { note: host.note }),
      can: { downloadOnly: host.hasDownloadOnly, lockFinalization: true },
    }),
    lookAhead: candidate,
    prefetchCandidate: async () => {
      for (const name of lackingOf(host, host.registry)) {
        act(host);
        pull(host, name);
      }
      return candidate();
    },
    stage: async (locked) => {
      act(host);
      host.registry = host.movesTo ?? host.registry;
      const status = bootcStage(host, host.registry, locked);
      // Killed together with bootc, when it had done its work and nobody knew.
      act(host);
      if (status !== 0) throw new Failure('ProgramFailed', 'bootc upgrade failed');
    },
    complete: async ({ lacking }) => {
      for (const { image } of lacking) {
        act(host);
        pull(host, image);
      }
    },
    lock: async (_, id) => setLock(id, true),
    unlock: async (_, id) => setLock(id, false),
    reboot: async () => act(host),
    remember: async (note) => {
      act(host);
      host.note = note;
    },
    onStep: () => {},
    onAlarm: () => {},
  };
}

function osDigest({ number }: Os): ReturnType<typeof digestOf> {
  return digestOf(`os ${number}`);
}
