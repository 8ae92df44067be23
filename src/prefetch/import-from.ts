import { startLoopbackMirror } from '../fetch/loopback-mirror.ts';
import { plainDomain } from '../bundle/mirror-names.ts';
import type { Readable } from 'node:stream';
import type { PullOptions } from '../model/definition.ts';
import type { Digest } from '../model/digest.ts';
import { Failure } from '../model/failure.ts';
import type { Descriptor, Manifest, Platform } from '../model/manifest.ts';
import type { Reference } from '../model/reference.ts';
import type { Want } from '../plan/want.ts';
import { choosePlatform } from '../registry/choose-platform.ts';
import type { ManifestBytes } from '../registry/manifest-at.ts';
import { parseManifest } from '../registry/parse-manifest.ts';
import { hostPlatform } from './access.ts';
import { type BlobOptions, type OpenLayout, openLayout } from './import-from-layout.ts';
import { importMirrored } from './import-mirrored.ts';
import type { ImportPull } from './pull-images.ts';

/** OCI layouts that are asked one after another, in which images have the names that they have in their registries. */
export interface Sources extends AsyncDisposable {
  /** `oci:DIR, oci:DIR`, for messages. */
  readonly name: string;
  /** By digest, else by tag; undefined where none has it. @throws Failure `BadContent`, `DigestMismatch` */
  manifest(reference: Reference): Promise<ManifestBytes | undefined>;
  /** What a want means there, for this host or for what its quadlet says; undefined where none has it. */
  resolve(want: Pick<Want, 'reference' | 'pull'>): Promise<Manifest | undefined>;
  /** Bytes that no digest was checked of; undefined where none has it. */
  blob(digest: Digest, options?: BlobOptions): Promise<Readable | undefined>;
  /** A file of a lookaside storage, as `OpenLayout` has it. */
  signature(path: string): Promise<Buffer | undefined>;
}

/**
 * Opens layouts in folders; one that is not there, as a stick that is not plugged in, is passed over.
 * @param paths absolute
 * @throws Failure `BadContent`
 */
export async function openSources(paths: readonly string[]): Promise<Sources> {
  const layouts: OpenLayout[] = [];
  for (const path of paths) {
    const layout = await openLayout(`oci:${path}`).catch((error: unknown) => {
      if (error instanceof Failure && error.code === 'NotFound') return undefined;
      throw error;
    });
    if (layout !== undefined) layouts.push(layout);
  }
  return sourcesOf(layouts);
}

export function sourcesOf(layouts: readonly OpenLayout[]): Sources {
  const name = layouts.map((layout) => layout.name).join(', ');
  const first = async <T>(ask: (layout: OpenLayout) => Promise<T | undefined>): Promise<T | undefined> => {
    for (const layout of layouts) {
      const found = await ask(layout);
      if (found !== undefined) return found;
    }
    return undefined;
  };
  const manifest: Sources['manifest'] = (reference) => first((layout) => layout.manifest(reference));
  return {
    name,
    manifest,
    async resolve({ reference, pull }) {
      const top = await manifest(reference);
      if (top === undefined) return undefined;
      const what = `${reference.text} of ${name}`;
      const parsed = parseManifest(top.bytes, top.digest, top.mediaType, what);
      if (parsed.kind === 'image') return parsed.manifest;
      const { digest } = choosePlatform(parsed.index, wantedPlatform(pull), what);
      const chosen = await manifest({ ...reference, digest });
      if (chosen === undefined)
        throw new Failure(
          'NotFound',
          `${what}: it has no image for this architecture; mirror it with --arch`,
        );
      const child = parseManifest(chosen.bytes, chosen.digest, chosen.mediaType, what);
      if (child.kind === 'index') throw new Failure('BadContent', `${what}: an index leads to another index`);
      return { ...child.manifest, indexDigest: top.digest };
    },
    blob: (digest, options) => first((layout) => layout.blob(digest, options)),
    signature: (path) => first((layout) => layout.signature(path)),
    async [Symbol.asyncDispose]() {
      for (const layout of layouts) await layout[Symbol.asyncDispose]();
    },
  };
}

/** What has skopeo import planned pulls out of sources. */
export interface SourceImport extends AsyncDisposable {
  readonly importPull: ImportPull;
}

/**
 * Serves what sources have as the registries that it came from, so that skopeo judges it by policy.json under its own name, with the
 * signatures that were mirrored with it. No registry is asked for anything.
 */
export async function openSourceImport(sources: Sources, storePath: string): Promise<SourceImport> {
  const mirror = await startLoopbackMirror({
    cached: async () => undefined,
    blob: async (reference, { digest }, { from, to }, signal) =>
      (await sources.blob(digest, { range: { offset: from, lengthBytes: to - from }, signal })) ??
      absent(sources, digest, reference),
    manifest: async (reference) => (await sources.manifest(reference)) ?? absent(sources, 'it', reference),
    signature: (url) => sources.signature(`lookaside${decodeURIComponent(url.pathname)}`),
  });
  return {
    async importPull(pull, signal, onBytes) {
      const { reference } = pull.want;
      const base = new URL(`https://lookaside.invalid/${plainDomain(reference.domain)}/${reference.path}`);
      const signatures = { lookasides: [base], attachments: true };
      const image = { reference, manifest: pull.manifest, signatures };
      await importMirrored(pull, pull.want.pull, image, mirror, storePath, { signal, onBytes });
    },
    [Symbol.asyncDispose]: () => mirror[Symbol.asyncDispose](),
  };
}

/** Whether a blob is there, as far as its size tells. */
export async function isThere(sources: Sources, { digest, sizeBytes }: Descriptor): Promise<boolean> {
  if (sizeBytes === 0) return true;
  let length = 0;
  const last = await sources.blob(digest, { range: { offset: sizeBytes - 1, lengthBytes: 2 } });
  for await (const piece of last ?? []) length += (piece as Buffer).length;
  return length === 1;
}

/** Checks that an OS image's own blobs are there, for whoever stages it from there. @throws Failure `NotFound` */
export async function checkWhole(
  sources: Sources,
  image: string,
  { config, layers }: Manifest,
): Promise<void> {
  for (const blob of [config, ...layers])
    if (!(await isThere(sources, blob)))
      throw new Failure('NotFound', `${image} lacks ${blob.digest} of the OS image itself; mirror it again`);
}

function absent(sources: Sources, what: string, { text }: Reference): never {
  throw new Failure('NotFound', `${text}: ${sources.name} does not have ${what}; mirror it again`);
}

function wantedPlatform({ os, arch, variant }: PullOptions): Platform {
  const host = hostPlatform();
  // The host's own variant says nothing about another architecture.
  const wanted = variant ?? (arch === undefined ? host.variant : undefined);
  return {
    os: os ?? host.os,
    architecture: arch ?? host.architecture,
    ...(wanted === undefined ? {} : { variant: wanted }),
  };
}
