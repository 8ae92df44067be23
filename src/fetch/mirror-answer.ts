import type { IncomingMessage, ServerResponse } from 'node:http';
import { asDigest, type Digest } from '../model/digest.ts';
import { Failure } from '../model/failure.ts';
import type { Descriptor } from '../model/manifest.ts';
import { answerBlob } from './mirror-blob.ts';
import {
  type ManifestBytes,
  type MirrorHooks,
  type MirrorImage,
  type MirrorParts,
  plannedDigest,
} from './mirror-image.ts';
import type { MirrorRequest } from './mirror-path.ts';

/** An image that is served, and what one run of skopeo has asked of it so far. */
export interface OpenImage {
  readonly image: MirrorImage;
  readonly parts: MirrorParts;
  readonly hooks: MirrorHooks;
  /** Config and layers. */
  readonly own: ReadonlyMap<Digest, Descriptor>;
  /** Blobs of the signatures that are attached to it, by manifests that have passed. */
  readonly attached: Map<Digest, Descriptor>;
  /** What `onAllowed` gave, once it has been called. */
  allowed?: Promise<void>;
  readonly ended: AbortController;
}

export function openImage(image: MirrorImage, parts: MirrorParts, hooks: MirrorHooks): OpenImage {
  const { config, layers } = image.manifest;
  const own = new Map([config, ...layers].map((descriptor) => [descriptor.digest, descriptor]));
  return { image, parts, hooks, own, attached: new Map(), ended: new AbortController() };
}

/** @throws Failure, before anything was sent or after */
export async function answerImage(
  open: OpenImage,
  asked: Exclude<MirrorRequest, { kind: 'root' }>,
  request: IncomingMessage,
  response: ServerResponse,
  signal: AbortSignal,
): Promise<void> {
  switch (asked.kind) {
    case 'manifest': {
      const { bytes, mediaType, digest } = await manifestOf(open, asked.tagOrDigest, signal);
      response.setHeader('docker-content-digest', digest);
      return answerBytes(request, response, mediaType, bytes);
    }
    case 'signature': {
      const signature = await signatureOf(open, asked.digest, asked.count, signal);
      return answerBytes(request, response, 'application/octet-stream', signature);
    }
    case 'blob': {
      const descriptor = await blobOf(open, asked.digest);
      const { parts, image } = open;
      return answerBlob(
        request,
        response,
        descriptor.sizeBytes,
        async (span) =>
          (await parts.cached(descriptor.digest, span, signal)) ??
          parts.blob(image.reference, descriptor, span, signal),
        signal,
      );
    }
  }
}

function answerBytes(
  request: IncomingMessage,
  response: ServerResponse,
  mediaType: string,
  bytes: Buffer,
): void {
  response.writeHead(200, { 'content-type': mediaType, 'content-length': bytes.length });
  response.end(request.method === 'HEAD' ? undefined : bytes);
}

/** A tag is what the plan found it to mean, though it may have moved on since. */
async function manifestOf(
  { image, parts, own, attached }: OpenImage,
  tagOrDigest: string,
  signal: AbortSignal,
): Promise<ManifestBytes> {
  const { reference, manifest, index } = image;
  const isTag = tagOrDigest === (reference.tag ?? 'latest');
  const wanted = isTag ? plannedDigest(image) : asDigest(tagOrDigest);
  const known = [manifest, index].find((each) => each !== undefined && each.digest === wanted);
  if (known !== undefined) return known;
  const { text, domain, path } = reference;
  if (wanted !== undefined && wanted === (manifest.indexDigest ?? reference.digest))
    return parts.manifest({ text, domain, path, digest: wanted }, signal);
  if (!attachmentTags(image).includes(tagOrDigest)) throw absent(tagOrDigest);
  const attachment = await parts.manifest({ text, domain, path, tag: tagOrDigest }, signal);
  // Or skopeo would ask for the image's own blobs as if they were signatures, before its policy has been heard.
  if (attachment.layers.some(({ digest }) => own.has(digest)))
    throw new Failure(
      'BadContent',
      `${text}: the signatures attached to it (${tagOrDigest}) name its own blobs; push them again`,
    );
  for (const layer of attachment.layers) attached.set(layer.digest, layer);
  return attachment;
}

/** Where cosign and skopeo attach signatures of an image, and of the index it was chosen from. */
function attachmentTags({ reference, manifest }: MirrorImage): string[] {
  return [manifest.digest, manifest.indexDigest, reference.digest]
    .filter((digest) => digest !== undefined)
    .map((digest) => `${digest.replace(':', '-')}.sig`);
}

/** From the first place that has it; policy.json judges what it says, wherever it came from. */
async function signatureOf(
  { image, parts }: OpenImage,
  digest: Digest,
  count: number,
  signal: AbortSignal,
): Promise<Buffer> {
  for (const base of image.signatures.lookasides) {
    const url = new URL(base);
    url.pathname += `@${digest.replace(':', '=')}/signature-${count}`;
    const signature = await parts.signature(url, signal);
    if (signature !== undefined) return signature;
  }
  throw absent(`signature ${count}`);
}

/** The blob's descriptor, when it may be sent. */
async function blobOf(open: OpenImage, digest: Digest): Promise<Descriptor> {
  const signature = open.attached.get(digest);
  if (signature !== undefined) return signature;
  const descriptor = open.own.get(digest);
  if (descriptor === undefined) throw absent(digest);
  open.allowed ??= (async () => open.hooks.onAllowed?.())();
  await open.allowed;
  return descriptor;
}

function absent(what: string): Failure {
  return new Failure('NotFound', `${what} is not part of the image`);
}
