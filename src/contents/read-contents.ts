import { shortDigest } from '../model/digest.ts';
import type { Descriptor } from '../model/manifest.ts';
import type { Tree } from '../model/tree.ts';
import type { LayerSummary } from './layer-summary.ts';
import { layerTree, type FolderNode } from './layer-tree.ts';
import { defaultLimits, type ContentLimits } from './limits.ts';
import { mergeLayers } from './merge-layers.ts';
import { pathHash, unpackHashes } from './path-hashes.ts';
import { readLayer } from './read-layer.ts';
import { forgetOldLayers, recallLayer, rememberLayer } from './remembered-layers.ts';
import type { ImageSource } from './source.ts';
import { readTocLayer } from './toc-layer.ts';
import { tocPlaceOf } from './toc-place.ts';
import { walk } from './walk.ts';

export interface ContentsProgress {
  /** Bytes of layers read whole, of all that have to be, as far as is known. */
  readonly doneBytes: number;
  readonly totalBytes: number;
}

export interface ReadContentsOptions {
  /** What layers say is remembered here, so that each is read once. */
  readonly cacheFolder: string;
  readonly signal?: AbortSignal | undefined;
  readonly limits?: ContentLimits;
  readonly onProgress?: (progress: ContentsProgress) => void;
}

/** How a layer was learnt. A table of contents does not say what is in files that do not matter by their name. */
interface Learnt {
  readonly summary: LayerSummary;
  readonly byToc: boolean;
}

/** Two at once hide the wait for the next answer; decompression has no use for more. */
const layersAtOnce = 2;
/** To read such a layer whole takes no longer than to ask for its table of contents and then for files. */
const smallLayerBytes = 256 * 2 ** 10;

/**
 * The files of an image that decide what it binds: quadlets, drop-ins and bound-images.d, and every link. Layers that were
 * read before are not asked for again, and of those with a table of contents only the needed parts are.
 *
 * Every layer is needed, whatever the newest ones say: a folder's entries come from all of them.
 * @throws Failure `DigestMismatch`, `BadContent`, `Cancelled`, and what the source throws.
 */
export async function readContents(source: ImageSource, options: ReadContentsOptions): Promise<Tree> {
  const { cacheFolder, signal, limits = defaultLimits, onProgress } = options;
  const { layers } = await source.manifest(signal);
  let doneBytes = 0;
  let totalBytes = 0;

  const readWhole = async (layer: Descriptor, signal: AbortSignal): Promise<Learnt> => {
    totalBytes += layer.sizeBytes;
    const onBytes = (count: number): void => {
      doneBytes += count;
      onProgress?.({ doneBytes, totalBytes });
    };
    const summary = await readLayer(await source.blob(layer, { signal }), layer, { limits, signal, onBytes });
    await rememberLayer(cacheFolder, layer.digest, undefined, summary);
    return { summary, byToc: false };
  };
  const learn = async (layer: Descriptor, _: number, signal: AbortSignal): Promise<Learnt> => {
    const whole = await recallLayer(cacheFolder, layer.digest);
    if (whole !== undefined) return { summary: whole, byToc: false };
    const place = source.supportsRanges && layer.sizeBytes > smallLayerBytes ? tocPlaceOf(layer) : undefined;
    if (place === undefined) return readWhole(layer, signal);
    const recalled = await recallLayer(cacheFolder, layer.digest, place.digest);
    const summary = recalled ?? (await readTocLayer(source, layer, place, { limits, signal }));
    if (summary === undefined) return readWhole(layer, signal);
    if (recalled === undefined) await rememberLayer(cacheFolder, layer.digest, place.digest, summary);
    return { summary, byToc: true };
  };

  const learnt = await inTurns(layers, signal, learn);
  let root = mergeLayers(learnt.map(({ summary }) => summary));
  const missing = danglingTargets(root);
  const hides = ({ summary, byToc }: Learnt): boolean => {
    if (!byToc || missing.length === 0) return false;
    const hidden = unpackHashes(summary.hidden);
    return missing.some((hash) => hidden.has(hash));
  };
  if (learnt.some(hides)) {
    const again = await inTurns(layers, signal, (layer, at, signal) => {
      const each = learnt[at];
      return each === undefined || hides(each) ? readWhole(layer, signal) : Promise.resolve(each);
    });
    root = mergeLayers(again.map(({ summary }) => summary));
  }
  await forgetOldLayers(cacheFolder);
  return layerTree(root);
}

/** Paths, as hashes, that links of bound-images.d lead to and where nothing is: a file there has a name of no quadlet. */
function danglingTargets(root: FolderNode): readonly number[] {
  const bound = walk(root, 'usr/lib/bootc/bound-images.d');
  if (bound.kind !== 'folder') return [];
  return [...bound.folder.children.keys()].flatMap((name) => {
    const target = walk(root, `${bound.path}/${name}`);
    return target.kind === 'missing' ? [pathHash(target.path)] : [];
  });
}

/** Works through the layers, a layer that an image has twice only once. The first failure ends what else is being read. */
async function inTurns(
  layers: readonly Descriptor[],
  signal: AbortSignal | undefined,
  work: (layer: Descriptor, at: number, signal: AbortSignal) => Promise<Learnt>,
): Promise<readonly Learnt[]> {
  const results = new Map<string, Learnt>();
  const pending = [...new Map(layers.map((layer, at) => [layer.digest, { layer, at }])).values()];
  const stop = new AbortController();
  const either = signal === undefined ? stop.signal : AbortSignal.any([signal, stop.signal]);
  const turn = async (): Promise<void> => {
    for (let next = pending.shift(); next !== undefined && !stop.signal.aborted; next = pending.shift())
      results.set(next.layer.digest, await work(next.layer, next.at, either));
  };
  let failure: unknown;
  const turns = Array.from({ length: layersAtOnce }, async () => {
    try {
      await turn();
    } catch (error) {
      // Those after the first only say that they were stopped.
      if (!stop.signal.aborted) failure = error;
      stop.abort();
    }
  });
  await Promise.all(turns);
  if (stop.signal.aborted) throw failure;
  return layers.map(({ digest }) => {
    const learnt = results.get(digest);
    if (learnt === undefined) throw new Error(`layer ${shortDigest(digest)} was left out`);
    return learnt;
  });
}
