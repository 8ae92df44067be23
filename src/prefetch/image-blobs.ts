import type { Descriptor } from '../model/manifest.ts';
import type { Pull } from './make-plan.ts';

/** What skopeo asks for of an image whose other layers the store has: the config, then the layers, base first. */
export function blobsToFetch({ manifest, missing }: Pull): readonly Descriptor[] {
  return [manifest.config, ...manifest.layers.filter(({ digest }) => missing.has(digest))];
}

/** All of it. */
export function blobsOf({ manifest }: Pick<Pull, 'manifest'>): readonly Descriptor[] {
  return [manifest.config, ...manifest.layers];
}

/** Bytes of what several images lack, or of those blobs that `isMeant` chooses; shared ones count once. */
export function bytesToFetch(
  pulls: readonly Pull[],
  isMeant: (blob: Descriptor) => boolean = () => true,
): number {
  const sizes = new Map(
    pulls
      .flatMap(blobsToFetch)
      .filter(isMeant)
      .map(({ digest, sizeBytes }) => [digest, sizeBytes] as const),
  );
  return [...sizes.values()].reduce((total, bytes) => total + bytes, 0);
}

/** The pulls in parts that each fit into the cache; an image that alone is too large makes one of its own, and is refused there. */
export function partsThatFit(pulls: readonly Pull[], limitBytes: number): readonly (readonly Pull[])[] {
  const parts: Pull[][] = [];
  for (const pull of pulls) {
    const last = parts.at(-1);
    if (last !== undefined && bytesToFetch([...last, pull]) <= limitBytes) last.push(pull);
    else parts.push([pull]);
  }
  return parts;
}
