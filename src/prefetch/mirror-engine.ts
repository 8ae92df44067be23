import type { BlobCache } from '../fetch/blob-cache.ts';
import type { FetchParts } from '../fetch/fetch-blob.ts';
import { createRateLimit } from '../fetch/rate-limit.ts';
import { remainingMs } from '../fetch/rate-meter.ts';
import type { Progress } from '../fetch/tally.ts';
import type { Configuration } from '../config/configuration.ts';
import type { PullOptions } from '../model/definition.ts';
import type { Digest } from '../model/digest.ts';
import { policyFor } from '../policy/policy-for.ts';
import { pause, retry } from '../registry/retry.ts';
import type { Access } from './access.ts';
import { startDownload } from './download.ts';
import type { Fetching } from './fetching.ts';
import { blobsOf, blobsToFetch, bytesToFetch } from './image-blobs.ts';
import { importMirrored } from './import-mirrored.ts';
import { retryPlanOf } from './import-pull.ts';
import type { Pull } from './make-plan.ts';
import { openMirror } from './open-mirror.ts';
import type { Importer, ImportPull } from './pull-images.ts';
import { readHostPolicy } from './read-host-policy.ts';
import { retain, retainedIndexes } from './retained.ts';
import { inOrder, wantedBlobs } from './wanted-blobs.ts';

export type MirrorEngine = Importer & AsyncDisposable;

/**
 * Downloads what images lack into the cache, each blob once, and has skopeo import them from there through a mirror while they come.
 * An image of which policy.json asks something is not downloaded before skopeo has found that it may be.
 * @param onProgress of all of them together
 * @throws Failure `BadConfiguration` where only skopeo itself can make something of the host's configuration
 */
export async function openMirrorEngine(
  pulls: readonly Pull[],
  storePath: string,
  cache: BlobCache,
  access: Access,
  { configuration, retains, onReceived }: Fetching,
  signal: AbortSignal,
  onProgress: (progress: Progress) => void,
): Promise<MirrorEngine> {
  await using opening = new AsyncDisposableStack();
  const policy = await readHostPolicy();
  const options = new Map<Pull, PullOptions>();
  for (const pull of pulls) options.set(pull, await access.pullOptions(pull.want));
  const wanted = wantedBlobs(options, await access.registry(), configuration.fetch.sourcePaths);
  const mirror = opening.use(
    await openMirror(
      async (digest, span, asked) => {
        const blob = wanted.get(digest);
        return blob === undefined ? undefined : download.follow(blob, span, asked);
      },
      access,
      new Map([...options].map(([pull, each]) => [pull.want.reference.text, each])),
      await retainedIndexes(cache.folderPath),
    ),
  );
  const images = new Map(pulls.map((pull) => [pull, mirror.imageOf(pull)]));
  const pins = new Map<Pull, AsyncDisposable>();
  for (const pull of pulls) pins.set(pull, opening.use(await cache.pin(digestsOf(pull))));

  const stop = new AbortController();
  const running = new Map<Pull, AbortController>();
  const totalBytes = bytesToFetch(pulls);
  const download = startDownload(
    partsOf(configuration, cache, onReceived),
    AbortSignal.any([signal, stop.signal]),
    {
      onProgress: (progress) => onProgress(ofAll(progress)),
      // Or skopeo would wait for its other layers first.
      onFailure() {
        for (const [pull, control] of running)
          if (download.failureOf(digestsOf(pull)) !== undefined) control.abort();
      },
    },
  );
  opening.defer(async () => {
    stop.abort();
    await download.end().catch(() => undefined);
  });
  const fetch = (pull: Pull): void => {
    for (const { digest } of blobsToFetch(pull)) {
      const blob = wanted.get(digest);
      if (blob !== undefined) download.add(blob);
    }
  };
  const isAllowed = ({ want }: Pull): boolean =>
    policyFor(policy, want.reference).every((type) => type === 'insecureAcceptAnything');
  for (const pull of inOrder(pulls)) if (isAllowed(pull)) fetch(pull);

  /** With what nobody has asked for yet. */
  function ofAll({
    receivedBytes: comeBytes,
    bytesPerSecond,
    doneBytes,
    totalBytes: knownBytes,
  }: Progress): Progress {
    const laterBytes = bytesToFetch(pulls, ({ digest }) => !download.isKnown(digest));
    const missingBytes = knownBytes - doneBytes + laterBytes;
    const leftMs = remainingMs(missingBytes, bytesPerSecond);
    return {
      receivedBytes: comeBytes,
      bytesPerSecond,
      doneBytes: Math.max(0, totalBytes - missingBytes),
      totalBytes,
      ...(leftMs === undefined ? {} : { remainingMs: leftMs }),
    };
  }

  const importPull: ImportPull = async (pull, asked) => {
    const pullOptions = options.get(pull) ?? {};
    const image = images.get(pull) ?? mirror.imageOf(pull);
    const digests = digestsOf(pull);
    const control = new AbortController();
    running.set(pull, control);
    const importOptions = {
      signal: AbortSignal.any([asked, control.signal]),
      onAllowed: () => fetch(pull),
      // What stalls then is a download, which ends by itself.
      isWaiting: () => !blobsToFetch(pull).every(({ digest }) => download.isThere(digest)),
    };
    try {
      await retry(
        async () => {
          if (download.failureOf(digests) !== undefined) return;
          try {
            await importMirrored(pull, pullOptions, image, mirror, storePath, importOptions);
          } catch (error) {
            // A download has tried again by itself already.
            if (asked.aborted || download.failureOf(digests) === undefined) throw error;
          }
        },
        retryPlanOf(pullOptions),
        importOptions.signal,
      );
    } finally {
      running.delete(pull);
    }
    const failure = download.failureOf(digests);
    if (failure !== undefined) throw failure;
  };
  const release = async (pull: Pull): Promise<void> => {
    const isRetained = retains(pull.want.image);
    if (isRetained) await retain(cache.folderPath, pull, mirror.indexOf);
    await pins.get(pull)?.[Symbol.asyncDispose]();
    if (!isRetained) await cache.discard(digestsOf(pull));
  };
  const opened = opening.move();
  return { importPull, release, [Symbol.asyncDispose]: async () => opened.disposeAsync() };
}

function partsOf({ fetch }: Configuration, cache: BlobCache, onReceived: Fetching['onReceived']): FetchParts {
  const now = (): number => performance.now();
  const { bandwidthLimitBytesPerSecond: limit, parallel, stallLimitMs } = fetch;
  const link = limit === 0 ? undefined : createRateLimit(limit, now);
  return {
    cache,
    parallel,
    stallMs: stallLimitMs,
    rateLimit: {
      take(sizeBytes, signal) {
        // Of each piece, and not now and then: what a day allows is soon spent.
        onReceived?.(sizeBytes);
        return link?.take(sizeBytes, signal);
      },
    },
    // Each blob says it for itself.
    delayAfter: () => undefined,
    pause,
    now,
  };
}

function digestsOf(pull: Pull): Digest[] {
  return blobsOf(pull).map(({ digest }) => digest);
}
