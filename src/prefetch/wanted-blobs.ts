import type { WantedBlob } from '../fetch/fetch-blobs.ts';
import type { Digest } from '../model/digest.ts';
import type { PullOptions } from '../model/definition.ts';
import { nextPull } from '../plan/next-pull.ts';
import { delayAfter } from '../registry/retry.ts';
import type { Registry } from '../registry/registry.ts';
import { blobsOf } from './image-blobs.ts';
import { retryPlanOf } from './import-pull.ts';
import { openBlobIn } from './layout-blob.ts';
import type { Pull } from './make-plan.ts';
import { openBlobFrom } from './open-blob.ts';

/**
 * Every blob of some images, by digest, and how it is had: from an OCI layout, else from the registries of the first image that has it.
 * @param sourcePaths OCI layouts
 */
export function wantedBlobs(
  pulls: ReadonlyMap<Pull, PullOptions>,
  registry: Pick<Registry, 'openBlob'>,
  sourcePaths: readonly string[],
): ReadonlyMap<Digest, WantedBlob> {
  const wanted = new Map<Digest, WantedBlob>();
  for (const [pull, options] of pulls) {
    const plan = retryPlanOf(options);
    for (const blob of blobsOf(pull)) {
      if (wanted.has(blob.digest)) continue;
      const fromRegistry = openBlobFrom(registry, pull.want.reference, blob, options);
      wanted.set(blob.digest, {
        ...blob,
        open: openBlobIn(sourcePaths, blob, fromRegistry),
        delayAfter: (failure, tried) => delayAfter(failure, tried, plan),
      });
    }
  }
  return wanted;
}

/** The order in which pulls are about to be imported, and so fetched: the one whose layers most others wait for is the first. */
export function inOrder(pulls: Iterable<Pull>): readonly Pull[] {
  const waiting = [...pulls];
  const arrived = new Set<Digest>();
  const ordered: Pull[] = [];
  for (;;) {
    const next = nextPull(waiting, [], arrived);
    if (next === undefined) return ordered;
    ordered.push(...waiting.splice(waiting.indexOf(next), 1));
    for (const digest of next.missing) arrived.add(digest);
  }
}
