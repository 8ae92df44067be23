import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { packLayout } from '../bundle/layout-archive.ts';
import { writeBlob, writeSignature } from '../bundle/layout-blobs.ts';
import { type Member, setText, withSet } from '../bundle/layout-index.ts';
import type { Digest } from '../model/digest.ts';
import { Failure } from '../model/failure.ts';
import type { Problem } from '../model/problem.ts';
import type { Reference } from '../model/reference.ts';
import { digestOf } from '../registry/verify-body.ts';
import { writeFileWhole } from '../system/write-file.ts';
import type { Access } from '../prefetch/access.ts';
import { readBound } from './bound.ts';
import { collectBound } from './collect-bound.ts';
import { blobsOf, bytesOf, fetchInto, incomingPath, missingFrom, type SetBlob } from './fetch.ts';
import { openTarget } from './open-target.ts';
import { openOrigin } from './origin.ts';
import { collectImage, type Collected } from './plan.ts';
import { missingAt, placeOf, pushSet, type PushTarget, tagOf } from './push.ts';
import { layoutOf, type MirrorTarget } from './target.ts';
import { presentIn, verify } from './verify.ts';

export interface MirrorRequest {
  /** `[docker://]REFERENCE`, or a set: `oci:DIR[:TAG]`, `oci-archive:FILE[:TAG]`. */
  readonly image: string;
  readonly target: MirrorTarget;
  /** Of the OS image at the target; its own unless given. */
  readonly tag?: string;
  /** None is all. */
  readonly architectures: readonly string[];
  readonly dryRun: boolean;
}

export type MirrorEvent =
  /** What the OS image lacks is copied first: what it binds is read there. */
  | { readonly kind: 'os-image'; readonly bytesToCopy: number }
  | {
      readonly kind: 'planned';
      readonly images: number;
      readonly bytesToCopy: number;
      readonly bytesPresent: number;
    }
  | { readonly kind: 'bytes'; readonly doneBytes: number }
  | { readonly kind: 'verifying' | 'pushing' | 'packing' };

/** What is, or in a dry run would be, at the target. */
export interface Mirrored {
  readonly tag: string;
  /** Of the index that ties the set together. */
  readonly setDigest: Digest;
  /** The OS image first; what is attached to images too. */
  readonly members: readonly (Member & { readonly reference: Reference; readonly location: string })[];
  readonly bytesToCopy: number;
  readonly bytesPresent: number;
  /** Of lookaside storages. */
  readonly signatureFiles: number;
  /** With the definitions. */
  readonly problems: readonly Problem[];
}

/** So that `.set` fits behind it (OCI distribution-spec, "Pulling manifests"). */
const tagPattern = /^\w[\w.-]{0,120}$/;

/**
 * Copies an OS image and everything that it binds, with what is attached to them. What is at the target already is not fetched again,
 * and a run that was cut, wherever that was, goes on where it stopped. Its tags are written last, once all was read back.
 * @throws Failure `Usage`, `Busy` (another run has the target), `NotFound`, `NoSpace`, `DigestMismatch`, and those of registries and skopeo
 */
export async function mirrorSet(
  request: MirrorRequest,
  access: Access,
  signal: AbortSignal,
  onEvent: (event: MirrorEvent) => void,
): Promise<Mirrored> {
  await using origin = await openOrigin(request.image, access);
  const { source, reference } = origin;
  const tag = request.tag ?? origin.tag;
  if (tag === undefined)
    throw new Failure('Usage', `${request.image} has no tag that the set could be called by: give --tag`);
  if (!tagPattern.test(tag)) throw new Failure('Usage', `"${tag}" is no tag: give another --tag`);
  const { target, dryRun } = request;
  const layoutPath = await layoutOf(target);
  await using _lock = dryRun ? undefined : await openTarget(target, layoutPath, tag, reference, signal);
  const pushTarget = target.kind === 'registry' ? await openPush(target.place, access) : undefined;
  const missing = async (blobs: readonly SetBlob[]): Promise<SetBlob[]> => {
    const lacking = await missingFrom(layoutPath, blobs);
    return pushTarget === undefined ? lacking : missingAt(pushTarget, lacking, signal);
  };
  const options = { architectures: request.architectures, signal };
  const pull = access.pullOfOsImage;
  const osImages = await collectImage('os', reference, pull, source, options, origin.digest);
  const [os] = osImages;
  if (os === undefined) throw new Failure('Internal', 'no image was collected');
  // First, as what it binds is then read from the copy.
  const osMissing = await missing(blobsOf(osImages));
  const onOsBytes = (doneBytes: number): void => onEvent({ kind: 'bytes', doneBytes });
  onEvent({ kind: 'os-image', bytesToCopy: bytesOf(osMissing) });
  if (!dryRun) await fetchInto(layoutPath, osMissing, source, signal, onOsBytes);
  const bound = await readBound(os, layoutPath, source, signal);
  const set = [...osImages, ...(await collectBound(bound, access, source, options))];
  const blobs = blobsOf(set);
  const stillMissing = await missing(blobs);
  const known = new Set(stillMissing.map(({ blob }) => blob.digest));
  const planned = [...stillMissing, ...osMissing.filter(({ blob }) => !known.has(blob.digest))];
  const bytesToCopy = bytesOf(planned);
  const bytesPresent = bytesOf(blobs) - bytesToCopy;
  onEvent({ kind: 'planned', images: set.length, bytesToCopy, bytesPresent });

  const members = set.map(({ role, name, top }): Member => {
    const { mediaType, digest, bytes } = top;
    return { role, name, mediaType, digest, sizeBytes: bytes.length };
  });
  const text = setText(members);
  const setDigest = digestOf(Buffer.from(text), undefined);
  const result: Mirrored = {
    tag,
    setDigest,
    members: set.map((each, at) => ({
      ...(members[at] as Member),
      reference: each.reference,
      location: locationOf(each, target, tag, pushTarget),
    })),
    bytesToCopy,
    bytesPresent,
    signatureFiles: set.reduce((sum, { signatures }) => sum + signatures.size, 0),
    problems: bound.problems,
  };
  if (dryRun) return result;

  const osBytes = bytesToCopy - bytesOf(stillMissing);
  await fetchInto(layoutPath, stillMissing, source, signal, (done) =>
    onEvent({ kind: 'bytes', doneBytes: osBytes + done }),
  );
  await writeDocuments(layoutPath, set, setDigest, text);
  onEvent({ kind: 'verifying' });
  const here = pushTarget === undefined ? blobs : await presentIn(layoutPath, blobs);
  await verify(layoutPath, here, set, source, signal);
  if (pushTarget === undefined) {
    const indexPath = join(layoutPath, 'index.json');
    const index = await readFile(indexPath, 'utf8');
    const after = withSet(index, tag, { digest: setDigest, sizeBytes: Buffer.byteLength(text) }, members);
    if (after !== index) await writeFileWhole(indexPath, after);
    await rm(incomingPath(layoutPath), { recursive: true, force: true });
  } else {
    onEvent({ kind: 'pushing' });
    await pushSet(pushTarget, layoutPath, set, setDigest, tag, signal);
  }
  if (target.kind === 'archive') {
    onEvent({ kind: 'packing' });
    await packLayout(layoutPath, target.path, signal);
  }
  // What was gathered for it; the next run finds it at the target.
  if (target.kind !== 'layout') await rm(layoutPath, { recursive: true, force: true });
  return result;
}

async function openPush(place: PushTarget['place'], access: Access): Promise<PushTarget> {
  const { findAuthFile } = await import('../registry/credentials.ts');
  const authFile = access.pullOfOsImage.authFile ?? (await findAuthFile('/'));
  return { place, registry: await access.registry(), authFile };
}

/** Manifests after the blobs that they name, the set after them. */
async function writeDocuments(
  layoutPath: string,
  set: readonly Collected[],
  setDigest: Digest,
  text: string,
): Promise<void> {
  for (const { manifests, signatures } of set) {
    for (const { digest, bytes } of manifests.toReversed()) await writeBlob(layoutPath, digest, bytes);
    for (const [path, bytes] of signatures) await writeSignature(layoutPath, path, bytes);
  }
  await writeBlob(layoutPath, setDigest, Buffer.from(text));
}

function locationOf(
  image: Collected,
  target: MirrorTarget,
  tag: string,
  push: PushTarget | undefined,
): string {
  if (push !== undefined) return `docker://${placeOf(push, image).text}:${tagOf(image, tag)}`;
  return `${target.name}:${image.role === 'os' ? tag : image.name}`;
}
