import { defaultLimits } from '../registry/limits.ts';
import { pause, retry, type RetryPlan } from '../registry/retry.ts';
import { importImage } from '../store/import-image.ts';
import type { Access } from './access.ts';
import type { ImportPull } from './pull-images.ts';
import { runRoot } from './run-root.ts';

/**
 * Writes a planned pull into a store: by the digest that was planned, under the name that was asked for. Tries again, `Retry=` times
 * or as podman does by default, where that can help; skopeo alone gives up at the first answer of status 500.
 */
export function importPullInto(storePath: string, access: Access): ImportPull {
  return async ({ want, manifest }, signal, onBytes) => {
    const { domain, path, digest: pinned } = want.reference;
    // The index where there is one: a name that pins its digest is refused any other source, and of a tag the store then knows
    // the digest that the registry answers with.
    const digest = pinned ?? manifest.indexDigest ?? manifest.digest;
    const {
      retry: retries = defaultLimits.tries - 1,
      retryDelayMs,
      ...pull
    } = await access.pullOptions(want);
    const plan: RetryPlan = {
      ...defaultLimits,
      tries: retries + 1,
      ...(retryDelayMs === undefined ? {} : { firstDelayMs: retryDelayMs }),
      random: Math.random,
      pause,
    };
    const source = { registry: domain, path, digest };
    const request = { storePath, runRoot: await runRoot(), source, name: want.storeName, pull };
    await retry(async () => importImage(request, { signal, onBytes }), plan, signal);
  };
}
