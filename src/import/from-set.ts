import { resolve } from 'node:path';
import { readBootcStatus } from '../deployments/read-bootc-status.ts';
import type { Digest } from '../model/digest.ts';
import { Failure } from '../model/failure.ts';
import type { Access } from '../prefetch/access.ts';
import type { Fetching } from '../prefetch/fetching.ts';
import { checkWhole, openSourceImport, sourcesOf } from '../prefetch/import-from.ts';
import { chosenSet, openLayout } from '../prefetch/import-from-layout.ts';
import { makePlan, type Resolve } from '../prefetch/make-plan.ts';
import type { ImageResult, PrefetchEvent } from '../prefetch/prefetch.ts';
import { type ImportPull, pullImages } from '../prefetch/pull-images.ts';
import { surveyOsImage, type Survey } from '../prefetch/survey.ts';

/** An OS image, and where it is on this host. */
export interface ImportPlace {
  /** What it was called in its registry. */
  readonly original: string;
  readonly digest: Digest;
  /** As containers-transports(5) has it. */
  readonly transport: 'oci' | 'oci-archive' | 'containers-storage';
  /** `/run/media/usb/os:42` */
  readonly image: string;
}

export interface Imported {
  readonly place: ImportPlace;
  readonly images: readonly ImageResult[];
  readonly survey: Survey;
}

/**
 * Makes present in a store what an OS image binds, out of the set that was mirrored with it. No registry is asked.
 * @param source `oci:DIR[:TAG]`, `oci-archive:FILE[:TAG]`
 * @throws Failure `Usage`, `NotFound`, `BadContent`, `NoSpace`, `StoreUnknown`, `Cancelled`; an image's own failure is in its result
 */
export async function importSet(
  source: string,
  storePath: string,
  access: Access,
  fetching: () => Promise<Fetching>,
  signal: AbortSignal,
  onEvent: (event: PrefetchEvent) => void,
): Promise<Imported> {
  await using layout = await openLayout(source);
  const { tag, original, os } = chosenSet(layout);
  const sources = sourcesOf([layout]);
  const [, transport, path = ''] = /^(oci|oci-archive):(.*)$/s.exec(layout.name) ?? [];
  if (transport !== 'oci' && transport !== 'oci-archive')
    throw new Failure('Internal', `${layout.name} is of no known transport`);
  const place = { original, digest: os.digest, transport, image: `${resolve(path)}:${tag}` } as const;
  const survey = await surveyOsImage(`${transport}:${place.image}`, storePath, access, signal);
  await checkWhole(sources, source, survey.osImage.manifest);
  const resolveWant: Resolve = async (want) => {
    const found = await sources.resolve(want);
    if (found !== undefined) return found;
    throw new Failure('NotFound', `${want.image}: ${layout.name} does not have it; mirror ${original} again`);
  };
  await using work = await openSourceImport(sources, storePath);
  const fromSet = { ...access, resolve: resolveWant };
  const images = await importSurveyed(survey, fromSet, fetching, work.importPull, signal, onEvent);
  return { place, images, survey };
}

/** What `prefetch` does, but out of what is on this host. @param access resolves what is wanted there */
export async function importSurveyed(
  survey: Survey,
  access: Access,
  fetching: () => Promise<Fetching>,
  importPull: ImportPull,
  signal: AbortSignal,
  onEvent: (event: PrefetchEvent) => void,
): Promise<ImageResult[]> {
  let plan = await makePlan(survey, access.resolve, signal);
  if (plan.pulls.length > 0) {
    const { prepare } = await import('../prefetch/carry-out.ts');
    plan = await prepare(plan, survey, access, withoutCache(await fetching()), signal);
  }
  onEvent({ kind: 'planned', plan });
  for (const { want, failure } of plan.unresolved) onEvent({ kind: 'unresolved', want, failure });
  const failed = plan.unresolved.map(({ want, failure }) => ({ want, outcome: 'failed', failure }) as const);
  const kept = plan.kept.map(({ want }) => ({ want, outcome: 'kept' }) as const);
  const results = await pullImages(plan.pulls, survey.inventory.storePath, { importPull }, signal, onEvent);
  const pulled = results.map(({ want, failure }): ImageResult =>
    failure === undefined ? { want, outcome: 'pulled' } : { want, outcome: 'failed', failure },
  );
  return [...kept, ...pulled, ...failed];
}

/** The command that has bootc stage the OS image: `upgrade` where it follows that very place already. */
export async function bootcLine({ transport, image }: ImportPlace, signal: AbortSignal): Promise<string> {
  const line = `bootc switch --transport ${transport} ${image}`;
  try {
    const { specImage } = await readBootcStatus(signal);
    return specImage === `${transport}:${image}` ? 'bootc upgrade' : line;
  } catch (error) {
    // A build root, or a host that is busy: what is always right.
    if (error instanceof Failure && error.code !== 'Cancelled') return line;
    throw error;
  }
}

/** Nothing is downloaded, so that the cache takes no room. */
function withoutCache(fetching: Fetching): Fetching {
  const { configuration } = fetching;
  const fetch = { ...configuration.fetch, engine: 'direct' } as const;
  return { ...fetching, configuration: { ...configuration, fetch } };
}
