import type { MirrorImage, MirrorParts, ManifestBytes } from '../fetch/mirror-image.ts';
import { type LoopbackMirror, startLoopbackMirror } from '../fetch/loopback-mirror.ts';
import { readRegistriesD, readSignatureFile } from '../fetch/mirror-lookaside.ts';
import { signaturePlaces } from '../fetch/mirror-signatures.ts';
import type { PullOptions } from '../model/definition.ts';
import type { Digest } from '../model/digest.ts';
import { endpointsOf } from '../registry/endpoints.ts';
import { readRegistriesConf } from '../registry/registries-conf.ts';
import type { Access } from './access.ts';
import type { Pull } from './make-plan.ts';

export interface OpenMirror extends AsyncDisposable {
  readonly serve: LoopbackMirror['serve'];
  /** @throws Failure `BadConfiguration` where its signatures are kept in a place that we cannot ask */
  readonly imageOf: (pull: Pull) => MirrorImage;
  /** The index that an image was chosen from, once skopeo has asked for it. */
  readonly indexOf: (digest: Digest) => ManifestBytes | undefined;
}

/**
 * A mirror of the registries that an access leads to. Manifests are those of the plan; an index is asked for when skopeo does.
 * @param pulls how each reference is pulled, by its text
 * @param known indexes that are at hand
 * @throws Failure `BadConfiguration` of registries.conf or registries.d
 */
export async function openMirror(
  cached: MirrorParts['cached'],
  access: Access,
  pulls: ReadonlyMap<string, PullOptions>,
  known: readonly ManifestBytes[],
): Promise<OpenMirror> {
  const { parse } = await import('yaml');
  const [config, registriesD, registry] = await Promise.all([
    readRegistriesConf('/'),
    readRegistriesD(parse),
    access.registry(),
  ]);
  const indexes = new Map(known.map((index) => [index.digest, index]));
  const optionsOf = (text: string, signal: AbortSignal): { pull: PullOptions; signal: AbortSignal } => ({
    pull: pulls.get(text) ?? {},
    signal,
  });
  const mirror = await startLoopbackMirror({
    cached,
    blob: async (reference, descriptor, { from, to }, signal) =>
      registry.blob(reference, descriptor, {
        ...optionsOf(reference.text, signal),
        range: { offset: from, lengthBytes: to - from },
      }),
    async manifest(reference, signal) {
      const found = await registry.manifest(reference, optionsOf(reference.text, signal));
      if (reference.digest !== undefined) indexes.set(reference.digest, found);
      return found;
    },
    signature: async (url, signal) =>
      url.protocol === 'file:' ? readSignatureFile(url) : registry.signature(url, signal),
  });
  return {
    serve: (image, hooks) => mirror.serve(image, hooks),
    imageOf({ want: { reference }, manifest }) {
      const index = indexes.get(manifest.indexDigest ?? manifest.digest);
      const signatures = signaturePlaces(registriesD, reference, endpointsOf(reference, config));
      return { reference, manifest, signatures, ...(index === undefined ? {} : { index }) };
    },
    indexOf: (digest) => indexes.get(digest),
    [Symbol.asyncDispose]: async () => mirror[Symbol.asyncDispose](),
  };
}
