import { parse as parseYaml } from 'yaml';
import type { OpenBlob } from '../fetch/fetch-blob.ts';
import { readRegistriesD, readSignatureFile } from '../fetch/mirror-lookaside.ts';
import { signaturePlaces } from '../fetch/mirror-signatures.ts';
import type { ByteRange } from '../contents/source.ts';
import type { BlobId } from '../model/blob.ts';
import type { PullOptions } from '../model/definition.ts';
import type { Digest } from '../model/digest.ts';
import { Failure } from '../model/failure.ts';
import type { Descriptor } from '../model/manifest.ts';
import type { Reference } from '../model/reference.ts';
import { endpointsOf } from '../registry/endpoints.ts';
import type { ManifestBytes } from '../registry/manifest-at.ts';
import { readRegistriesConf } from '../registry/registries-conf.ts';
import type { Access } from '../prefetch/access.ts';
import { openBlobFrom } from '../prefetch/open-blob.ts';

/** Where what is mirrored comes from: registries, or a set that was mirrored before. */
export interface MirrorSource {
  /** By digest, else by tag. @throws Failure `NotFound` */
  manifest(reference: Reference, pull: PullOptions, signal: AbortSignal): Promise<ManifestBytes>;
  openBlob(reference: Reference, blob: BlobId, pull: PullOptions): OpenBlob;
  blob(
    reference: Reference,
    descriptor: Descriptor,
    pull: PullOptions,
    options: { readonly range?: ByteRange; readonly signal?: AbortSignal | undefined },
  ): Promise<AsyncIterable<Uint8Array>>;
  /** The index of what refers to a manifest (OCI distribution-spec "Listing Referrers"); undefined where nothing does. */
  referrers(
    reference: Reference,
    digest: Digest,
    pull: PullOptions,
    signal: AbortSignal,
  ): Promise<ManifestBytes | undefined>;
  /** Of lookaside storages, the `count`th signature of a manifest, from 1; undefined where there is none. */
  signature(
    reference: Reference,
    digest: Digest,
    count: number,
    signal: AbortSignal,
  ): Promise<Buffer | undefined>;
}

/** Registries, with this host's settings. @throws Failure `BadConfiguration` */
export async function registrySource(access: Access): Promise<MirrorSource> {
  const registry = await access.registry();
  const registriesConf = await readRegistriesConf('/');
  const registriesD = await readRegistriesD(parseYaml);
  return {
    manifest: (reference, pull, signal) => registry.manifest(reference, { pull, signal }),
    openBlob: (reference, blob, pull) => openBlobFrom(registry, reference, blob, pull),
    blob: (reference, descriptor, pull, options) =>
      registry.blob(reference, descriptor, { ...options, pull }),
    // A registry without that list has it as a tag, which is looked for by whoever asks.
    referrers: (reference, digest, pull, signal) =>
      registry.referrers(reference, digest, { pull, signal }).catch((error: unknown) => {
        if (error instanceof Failure && error.code === 'NotFound') return undefined;
        throw error;
      }),
    async signature(reference, digest, count, signal) {
      const { lookasides } = signaturePlaces(registriesD, reference, endpointsOf(reference, registriesConf));
      for (const base of lookasides) {
        const url = new URL(base);
        url.pathname += `@${digest.replace(':', '=')}/signature-${count}`;
        const found =
          url.protocol === 'file:' ? await readSignatureFile(url) : await registry.signature(url, signal);
        if (found !== undefined) return found;
      }
      return undefined;
    },
  };
}
