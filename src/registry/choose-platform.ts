import { Failure } from '../model/failure.ts';
import type { Index, IndexEntry, Platform } from '../model/manifest.ts';

// Most capable first: each runs what is behind it (c/image internal/pkg/platform).
const variants: Readonly<Record<string, readonly string[]>> = {
  arm: ['v8', 'v7', 'v6', 'v5'],
  arm64: ['v8'],
};

/**
 * The entry of an index that skopeo copies for a platform: the best variant, then the one compressed with zstd, then the first.
 * An entry that names no platform is taken where no other fits.
 * @throws Failure `NotFound`, naming what there is.
 */
export function choosePlatform(index: Index, wanted: Platform, what: string): IndexEntry {
  const order = wantedVariants(wanted);
  const ranked = index.manifests
    .map((entry) => ({ entry, rank: rankOf(entry, wanted, order) }))
    .filter(({ rank }) => rank >= 0)
    .sort((a, b) => a.rank - b.rank || zstdRank(a.entry) - zstdRank(b.entry));
  const [best] = ranked;
  if (best !== undefined) return best.entry;
  const there = index.manifests.flatMap(({ platform }) =>
    platform === undefined ? [] : [written(platform)],
  );
  throw new Failure(
    'NotFound',
    `${what}: there is no image for ${written(wanted)}, only for ${[...new Set(there)].slice(0, 20).join(', ') || 'nothing'}`,
  );
}

function rankOf(entry: IndexEntry, wanted: Platform, order: readonly string[]): number {
  if (entry.platform === undefined) return order.length;
  if (entry.platform.os !== wanted.os || entry.platform.architecture !== wanted.architecture) return -1;
  return order.indexOf(entry.platform.variant ?? '');
}

function wantedVariants({ architecture, variant }: Platform): readonly string[] {
  const known = variants[architecture] ?? [];
  if (variant === undefined) return ['', ...known];
  const from = known.indexOf(variant);
  return [...(from < 0 ? [variant] : known.slice(from)), ''];
}

function zstdRank(entry: IndexEntry): number {
  return entry.annotations['io.github.containers.compression.zstd'] === 'true' ? 0 : 1;
}

function written({ os, architecture, variant }: Platform): string {
  const text = [os, architecture, ...(variant === undefined ? [] : [variant])].join('/');
  return text.replaceAll(/[^\w./-]/g, '?').slice(0, 60);
}
