import { openBlobCache, type BlobCache } from '../fetch/blob-cache.ts';
import { asFailure } from '../model/failure.ts';
import type { Access } from './access.ts';
import { cacheFolder } from './cache-folder.ts';
import type { Fetching } from './fetching.ts';
import { bytesToFetch, partsThatFit } from './image-blobs.ts';
import { importPullInto } from './import-pull.ts';
import { removeDamagedLeftovers } from './leftover-layers.ts';
import { makePlan, type Plan, type Pull } from './make-plan.ts';
import { type MirrorEngine, openMirrorEngine } from './mirror-engine.ts';
import {
  type Importer,
  type ImportPull,
  type PullEvent,
  pullImages,
  type PullResult,
} from './pull-images.ts';
import { removeDamaged } from './remove-damaged.ts';
import { digestsOf, readRetained } from './retained.ts';
import { spaceNeeds, tooLittleSpace, withShortage } from './space.ts';
import { type Survey, surveyAgain } from './survey.ts';
import { checkWritable } from './writable.ts';

/** Most blobs are imported by then, and need never be on the disk. */
const settleMs = 5_000;
/** What a run that was killed, and is not begun again, has left in the cache goes after it. */
const leftoverMs = 7 * 24 * 3_600_000;

/**
 * Removes what is damaged and stands in the way, and plans again where it did. Checks room and access before: what is damaged stays
 * to be looked at where it cannot be pulled again.
 * @throws Failure `NoSpace`, `StoreUnknown`, `Cancelled`
 */
export async function prepare(
  plan: Plan,
  survey: Survey,
  access: Access,
  fetching: Fetching,
  signal: AbortSignal,
): Promise<Plan> {
  const { storePath } = survey.inventory;
  await checkRoom(plan, storePath, fetching);
  const removed = await removeDamaged(survey, plan, signal);
  if (!(await removeDamagedLeftovers(survey.inventory, signal)) && !removed) return plan;
  // More may be missing than before, and more is free.
  const again = await makePlan(await surveyAgain(survey, signal), access.resolve, signal);
  if (again.pulls.length > 0) await checkRoom(again, storePath, fetching);
  return again;
}

/** Pulls what a plan says. An image's own failure is in its result. */
export async function carryOut(
  pulls: readonly Pull[],
  storePath: string,
  access: Access,
  fetching: Fetching,
  signal: AbortSignal,
  onEvent: (event: PullEvent) => void,
): Promise<PullResult[]> {
  if (pulls.length === 0) return [];
  const { engine, cacheLimitBytes } = fetching.configuration.fetch;
  const directly = { importPull: direct(storePath, access, fetching) };
  // Nothing is gained by leaving layers of zstd:chunked to skopeo: into a store that is named by its path it never pulls in parts.
  if (engine === 'direct') return pullImages(pulls, storePath, directly, signal, onEvent);
  const limitBytes = cacheLimitBytes || Infinity;
  const cache = await openBlobCache(cacheFolder(), { limitBytes, settleMs });
  // Whatever ends this, what came is there for the next run.
  await using _settled = { [Symbol.asyncDispose]: async () => cache.settle() };
  const results: PullResult[] = [];
  let doneBytes = 0;
  const totalBytes = bytesToFetch(pulls);
  for (const part of partsThatFit(pulls, limitBytes)) {
    const beforeBytes = doneBytes;
    const onProgress: Parameters<typeof openMirrorEngine>[6] = (progress) => {
      doneBytes = beforeBytes + progress.doneBytes;
      onEvent({ kind: 'progress', ...progress, doneBytes, totalBytes });
    };
    await using mirror = await openMirrorEngine(
      part,
      storePath,
      cache,
      access,
      fetching,
      signal,
      onProgress,
    ).catch((error: unknown) => mirrorless(error));
    const importer: Importer = mirror ?? directly;
    const sayingHowMuch: ImportPull = async (pull, ...rest) =>
      importer.importPull(pull, ...rest).catch(async (error: unknown) => {
        const failure = asFailure(error);
        if (failure.code !== 'NoSpace') throw failure;
        throw await withShortage(failure, pull, storePath, fetching.configuration).catch(() => failure);
      });
    results.push(
      ...(await pullImages(part, storePath, { ...importer, importPull: sayingHowMuch }, signal, onEvent)),
    );
  }
  await tidy(cache);
  return results;
}

/** What of the host's configuration we cannot follow, skopeo follows or explains. */
function mirrorless(error: unknown): MirrorEngine | undefined {
  if (asFailure(error).code !== 'BadConfiguration') throw error;
  return undefined;
}

function direct(storePath: string, access: Access, { onReceived }: Fetching): ImportPull {
  const importPull = importPullInto(storePath, access);
  return async (pull, signal, onBytes) => {
    let toldBytes = 0;
    await importPull(pull, signal, (bytesDone) => {
      onReceived?.(bytesDone - toldBytes);
      toldBytes = bytesDone;
      onBytes(bytesDone);
    });
  };
}

/** A cache that cannot be tidied is no reason to call a run failed. */
async function tidy(cache: BlobCache): Promise<void> {
  const kept = digestsOf(await readRetained(cache.folderPath));
  await cache.clean(kept, leftoverMs).catch(() => undefined);
}

export async function checkRoom(plan: Plan, storePath: string, fetching: Fetching): Promise<void> {
  await checkWritable(storePath);
  const shortage = tooLittleSpace(await spaceNeeds(plan, storePath, fetching.configuration));
  if (shortage !== undefined) throw shortage;
}
