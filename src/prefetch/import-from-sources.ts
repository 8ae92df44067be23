import type { Failure } from '../model/failure.ts';
import { isThere, openSourceImport, openSources, type Sources } from './import-from.ts';
import type { Pull, Resolve } from './make-plan.ts';
import { pullImages, type PullEvent, type PullResult } from './pull-images.ts';

/** OCI layouts that are asked before any registry, as `fetch.sources` in bound-images.toml(5) says. */
export interface PrefetchSources extends AsyncDisposable {
  /** What an image's reference means there, else what `elsewhere` says. */
  resolve(elsewhere: Resolve): Resolve;
  /**
   * Imports those pulls that the layouts have whole.
   * @returns how that ended, and the pulls that are left: those of which something is not there, is damaged, or lacks a signature
   */
  importWhole(
    pulls: readonly Pull[],
    storePath: string,
    signal: AbortSignal,
    onEvent: (event: PullEvent) => void,
  ): Promise<{ readonly results: readonly PullResult[]; readonly rest: readonly Pull[] }>;
}

/** These end the whole: no registry would help. */
const final: ReadonlySet<Failure['code']> = new Set(['NoSpace', 'Cancelled', 'StoreUnknown']);

/** @param paths asked for, and the layouts opened, with the first image that is missing: most runs find everything present */
export function openPrefetchSources(paths: () => Promise<readonly string[]>): PrefetchSources {
  let opening: Promise<Sources> | undefined;
  const opened = (): Promise<Sources> => (opening ??= paths().then(openSources));
  return {
    resolve: (elsewhere) => async (want, signal) =>
      (await (await opened()).resolve(want)) ?? elsewhere(want, signal),
    async importWhole(pulls, storePath, signal, onEvent) {
      const sources = await opened();
      const whole: Pull[] = [];
      for (const pull of sources.name === '' ? [] : pulls)
        if (await hasWhole(sources, pull)) whole.push(pull);
      if (whole.length === 0) return { results: [], rest: pulls };
      await using work = await openSourceImport(sources, storePath);
      const tell = (event: PullEvent): void => {
        if (event.kind !== 'failed' || final.has(event.failure.code)) onEvent(event);
      };
      const all = await pullImages(whole, storePath, work, signal, tell);
      const results = all.filter(({ failure }) => failure === undefined || final.has(failure.code));
      const done = new Set(results.map(({ want }) => want));
      return { results, rest: pulls.filter(({ want }) => !done.has(want)) };
    },
    async [Symbol.asyncDispose]() {
      // Where they could not be opened, their user has been told.
      await opening?.then(
        (sources) => sources[Symbol.asyncDispose](),
        () => undefined,
      );
    },
  };
}

/** As far as skopeo will ask for it. */
async function hasWhole(sources: Sources, { want, manifest, missing }: Pull): Promise<boolean> {
  const { reference } = want;
  const digest = manifest.indexDigest ?? manifest.digest;
  if ((await sources.manifest({ ...reference, digest })) === undefined) return false;
  const layers = manifest.layers.filter((layer) => missing.has(layer.digest));
  for (const blob of [manifest.config, ...layers]) if (!(await isThere(sources, blob))) return false;
  return true;
}
