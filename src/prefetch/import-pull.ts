import type { PullOptions } from '../model/definition.ts';
import type { Digest } from '../model/digest.ts';
import { defaultLimits } from '../registry/limits.ts';
import { pause, retry, type RetryPlan } from '../registry/retry.ts';
import { importImage } from '../store/import-image.ts';
import type { Access } from './access.ts';
import type { Pull } from './make-plan.ts';
import type { ImportPull } from './pull-images.ts';
import { runRoot } from './run-root.ts';

/**
 * Has skopeo itself fetch a planned pull into a store: by the digest that was planned, under the name that was asked for. Tries again
 * where that can help; skopeo alone gives up at the first answer of status 500.
 */
export function importPullInto(storePath: string, access: Access): ImportPull {
  return async (planned, signal, onBytes) => {
    const { want } = planned;
    const options = await access.pullOptions(want);
    // skopeo tries nothing again by itself then.
    const { retry: _, retryDelayMs: __, ...pull } = options;
    const source = sourceOf(planned);
    const request = { storePath, runRoot: await runRoot(), source, name: want.storeName, pull };
    await retry(async () => importImage(request, { signal, onBytes }), retryPlanOf(options), signal);
  };
}

/** Where a planned pull comes from, by digest. */
export function sourceOf({ want, manifest }: Pull): { registry: string; path: string; digest: Digest } {
  const { domain, path, digest: pinned } = want.reference;
  // The index where there is one: a name that pins its digest is refused any other source, and of a tag the store then knows
  // the digest that the registry answers with.
  return { registry: domain, path, digest: pinned ?? manifest.indexDigest ?? manifest.digest };
}

/** `Retry=` times, or as often as podman does by default. */
export function retryPlanOf({ retry: retries, retryDelayMs }: PullOptions): RetryPlan {
  return {
    ...defaultLimits,
    tries: (retries ?? defaultLimits.tries - 1) + 1,
    ...(retryDelayMs === undefined ? {} : { firstDelayMs: retryDelayMs }),
    random: Math.random,
    pause,
  };
}
