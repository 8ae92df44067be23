import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Backend, Deployed } from './deployed.ts';
import type { FetchedImage, ImageName } from './fetch-os-image.ts';
import { originText, parseOrigin } from './ostree.ts';
import { run } from './run.ts';

const imagesPath = '/sysroot/composefs/images';
const statePath = '/sysroot/state/deploy';
/** In place of a boot loader's: a line for each deployment, the one that boots by default first. */
const entriesPath = '/sysroot/boot/loader/standin-entries';
const stagedPath = '/run/composefs/staged-deployment';

interface Staged {
  readonly depl_id: string;
  readonly finalization_locked: boolean;
}

/** EROFS images, all that a tree has in them, for mkfs.erofs knows no objects; named by a digest that no kernel checks. */
export const composefs: Backend = {
  folder: 'composefs',
  deployments: () => {
    const staged = readStaged();
    return [...(staged === undefined ? [] : [staged.depl_id]), ...readEntries()].map((id) =>
      describe(id, staged),
    );
  },
  install: (image, name) => writeEntries([makeImage(image, name)]),
  stage: (image, name, locked) => {
    writeStaged({ depl_id: makeImage(image, name), finalization_locked: locked });
    collectGarbage();
  },
  setLocked: (locked) => {
    const staged = readStaged();
    if (staged !== undefined) writeStaged({ ...staged, finalization_locked: locked });
  },
  bootNext: (id) => {
    rmSync(stagedPath, { force: true });
    writeEntries([id, ...readEntries().filter((other) => other !== id)]);
  },
};

/** At shutdown: what is staged and not locked boots next, and what was booted is its rollback. */
export function finalize(): void {
  const staged = readStaged();
  if (staged !== undefined && !staged.finalization_locked)
    writeEntries([...new Set([staged.depl_id, bootedId() ?? ''])]);
}

function makeImage(image: FetchedImage, name: ImageName): string {
  const { treePath, ...facts } = image;
  const verity = createHash('sha512').update(image.digest).digest('hex');
  const state = join(statePath, verity);
  mkdirSync(imagesPath, { recursive: true });
  mkdirSync(state, { recursive: true });
  run(['mkfs.erofs', '--quiet', join(imagesPath, verity), treePath]);
  writeFileSync(join(state, `${verity}.origin`), originText(name));
  writeFileSync(join(state, 'facts.json'), JSON.stringify(facts));
  return verity;
}

function collectGarbage(): void {
  const kept = new Set(composefs.deployments().map(({ id }) => id));
  for (const id of readdirSync(imagesPath).filter((name) => !kept.has(name))) {
    rmSync(join(imagesPath, id));
    rmSync(join(statePath, id), { recursive: true });
  }
}

function describe(id: string, staged: Staged | undefined): Deployed {
  return {
    kind: id === bootedId() ? 'booted' : id === staged?.depl_id ? 'staged' : 'other',
    id,
    rootPath: '/',
    locked: id === staged?.depl_id && staged.finalization_locked,
    pinned: false,
    name: parseOrigin(join(statePath, id, `${id}.origin`)),
    image: JSON.parse(readFileSync(join(statePath, id, 'facts.json'), 'utf8')) as Deployed['image'],
    entry: {
      ostree: null,
      composefs: { verity: id, bootType: 'Bls', bootloader: 'systemd', bootDigest: null },
    },
  };
}

function bootedId(): string | undefined {
  return /composefs=([0-9a-f]+)/.exec(readFileSync('/proc/cmdline', 'utf8'))?.[1];
}

function readEntries(): string[] {
  return existsSync(entriesPath) ? readFileSync(entriesPath, 'utf8').trim().split('\n') : [];
}

function writeEntries(ids: readonly string[]): void {
  mkdirSync(dirname(entriesPath), { recursive: true });
  // bootc exchanges the folder of entries for another, which touches the one that it is in.
  writeFileSync(`${entriesPath}.new`, `${ids.join('\n')}\n`);
  renameSync(`${entriesPath}.new`, entriesPath);
}

function readStaged(): Staged | undefined {
  return existsSync(stagedPath) ? (JSON.parse(readFileSync(stagedPath, 'utf8')) as Staged) : undefined;
}

function writeStaged(staged: Staged): void {
  mkdirSync('/run/composefs', { recursive: true });
  writeFileSync(stagedPath, JSON.stringify(staged));
}
