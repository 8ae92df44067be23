import { statSync } from 'node:fs';
import { type Finding, finding } from '../bundle/finding.ts';
import { lintContainers, type StoreMode, type StoresOfRoot } from '../bundle/lint-containers.ts';
import { lintNames, withEdits } from '../bundle/lint-names.ts';
import { lintStamp } from '../bundle/lint-stamp.ts';
import { stampLabel } from '../bundle/stamp-text.ts';
import { readContents } from '../contents/read-contents.ts';
import { diskTree } from '../definitions/disk-tree.ts';
import { readBoundSet } from '../definitions/read-bound-set.ts';
import type { BoundSet } from '../model/definition.ts';
import { wantsOf } from '../plan/want.ts';
import type { Tree } from '../model/tree.ts';
import type { Access } from '../prefetch/access.ts';
import { writeEdits, type Written } from './fix.ts';
import { lintOnline } from './online.ts';
import { readQuadlets } from './quadlets.ts';
import { storesOfRoot } from './stores.ts';
import { openOsImage } from '../prefetch/open-os-image.ts';
import { layerCache } from '../prefetch/read-os-image.ts';

export interface LintOptions {
  readonly storeMode: StoreMode | undefined;
  /** Asks registries whether what is bound is there. */
  readonly online: boolean;
  /** In Go's words; none is this host's. */
  readonly architectures: readonly string[];
}

/** What lint found, errors first and then by place. */
export interface LintResult {
  /** How many images are bound. */
  readonly boundCount: number;
  /** Undefined where lint cannot know it: then either store is right. */
  readonly storeMode: StoreMode | undefined;
  readonly findings: readonly Finding[];
}

/** Whether a name of `bound-images lint` means a folder: an OS image that is a file has its transport before it. */
export function isRoot(name: string): boolean {
  return statSync(name, { throwIfNoEntry: false })?.isDirectory() === true;
}

/** @throws Failure `Cancelled`; what is wrong in the root is a finding */
export async function lintRoot(
  rootPath: string,
  options: LintOptions,
  access: Access,
  signal: AbortSignal,
): Promise<LintResult> {
  const tree = diskTree(rootPath);
  const stores = await storesOfRoot(tree, options.storeMode);
  return lintTree(tree, await readBoundSet(tree), stores, [], { options, access, signal });
}

/** The same of an OS image, wherever it is, by its layers; and whether its stamp says what they do. @throws Failure of its source */
export async function lintImage(
  name: string,
  options: LintOptions,
  access: Access,
  signal: AbortSignal,
): Promise<LintResult> {
  const source = await openOsImage(name, access, { signal });
  try {
    const { labels } = await source.config(signal);
    const tree = await readContents(source, { cacheFolder: layerCache(), signal });
    const boundSet = await readBoundSet(tree);
    const stamp = lintStamp(labels[stampLabel], boundSet);
    // Of an image only quadlets are read, and not what would tell its backend.
    const stores = { mode: options.storeMode, configured: [] };
    return await lintTree(tree, boundSet, stores, stamp, { options, access, signal });
  } finally {
    await source.close();
  }
}

/** Mends what can be mended without judgement, and looks again. @throws Failure and what writing does */
export async function fixRoot(
  rootPath: string,
  options: LintOptions,
  access: Access,
  signal: AbortSignal,
): Promise<LintResult & { readonly written: readonly Written[] }> {
  const before = await lintRoot(rootPath, { ...options, online: false }, access, signal);
  const edits = before.findings.flatMap((found) => found.edits ?? []);
  const written = await writeEdits(rootPath, diskTree(rootPath), edits);
  return { ...(await lintRoot(rootPath, options, access, signal)), written };
}

interface LintContext {
  readonly options: LintOptions;
  readonly access: Access;
  readonly signal: AbortSignal;
}

async function lintTree(
  tree: Tree,
  { definitions, problems }: BoundSet,
  stores: StoresOfRoot,
  more: readonly Finding[],
  { options, access, signal }: LintContext,
): Promise<LintResult> {
  const quadlets = await readQuadlets(tree, definitions);
  const { wants, problems: conflicts } = wantsOf(definitions);
  const folder = { file: '/usr/lib/bootc/bound-images.d' };
  const findings: Finding[] = [
    ...withEdits([...problems, ...conflicts], definitions, quadlets),
    ...lintNames(definitions),
    ...lintContainers(definitions, quadlets, stores),
    ...(options.online ? await lintOnline(definitions, options.architectures, access, signal) : []),
    ...more,
  ];
  if (definitions.length === 0 && problems.length === 0)
    findings.push(
      finding(
        'nothing-bound',
        folder,
        'no image is bound. Link quadlets into this folder to bind their images.',
      ),
    );
  const unique = new Map(findings.map((each) => [JSON.stringify({ ...each, edits: null }), each]));
  return {
    boundCount: wants.length,
    storeMode: stores.mode,
    findings: [...unique.values()].sort(byPlace),
  };
}

const ranks = { error: 0, warning: 1, note: 2 } as const;

function byPlace(a: Finding, b: Finding): number {
  if (a.severity !== b.severity) return ranks[a.severity] - ranks[b.severity];
  if (a.file !== b.file) return a.file < b.file ? -1 : 1;
  return (a.line ?? 0) - (b.line ?? 0);
}
