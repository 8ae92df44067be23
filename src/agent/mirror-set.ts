import { readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import pLimit from 'p-limit';
import { packLayout, unpackLayout } from '../bundle/layout-archive.ts';
import { isWhole, makeLayout, writeBlob, writeSignature } from '../bundle/layout-blobs.ts';
import { indexType, type Member, setsOf, setText, withSet } from '../bundle/layout-index.ts';
import { folderFiles } from '../contents/blob-files.ts';
import { blobName } from '../bundle/layout-blobs.ts';
import { takeLock } from '../fetch/lock-file.ts';
import type { BoundSet } from '../model/definition.ts';
import type { Digest } from '../model/digest.ts';
import { asFailure, Failure } from '../model/failure.ts';
import type { Problem } from '../model/problem.ts';
import { parseReference, type Reference } from '../model/reference.ts';
import { wantsOf } from '../plan/want.ts';
import { parseManifest } from '../registry/parse-manifest.ts';
import { digestOf } from '../registry/verify-body.ts';
import { writeFileWhole } from '../system/write-file.ts';
import type { Access } from './access.ts';
import { chosenSet, openLayout, originalReference } from './import-from-layout.ts';
import { boundByAll } from './mirror-bound.ts';
import {
  blobsOf,
  bytesOf,
  fetchInto,
  incomingPath,
  missingFrom,
  removeDamaged,
  type SetBlob,
} from './mirror-fetch.ts';
import { layoutSource } from './mirror-layout-source.ts';
import { collectImage, type Collected, type CollectOptions } from './mirror-plan.ts';
import { missingAt, placeOf, pushSet, type PushTarget, tagOf } from './mirror-push.ts';
import { type MirrorSource, registrySource } from './mirror-source.ts';
import { layoutOf, type MirrorTarget } from './mirror-target.ts';

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

const asksAtOnce = 3;

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
  if (tag === undefined || !/^\w[\w.-]{0,120}$/.test(tag))
    throw new Failure('Usage', `${request.image} has no tag that the set could be called by: give --tag`);
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
  if (!dryRun) await fetchInto(layoutPath, osMissing, source, signal, () => undefined);
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

interface Origin extends AsyncDisposable {
  readonly source: MirrorSource;
  readonly reference: Reference;
  /** What `reference` meant when it was mirrored. */
  readonly digest?: Digest;
  readonly tag: string | undefined;
}

async function openOrigin(image: string, access: Access): Promise<Origin> {
  if (/^oci(?:-archive)?:/.test(image)) {
    const layout = await openLayout(image);
    try {
      const set = chosenSet(layout);
      const reference = originalReference(set, layout.name);
      return {
        source: layoutSource(layout),
        reference,
        digest: set.os.digest,
        tag: set.tag,
        [Symbol.asyncDispose]: () => layout[Symbol.asyncDispose](),
      };
    } catch (error) {
      await layout[Symbol.asyncDispose]();
      throw error;
    }
  }
  const parsed = parseReference(image.replace(/^docker:\/\//, ''));
  if (parsed.kind === 'problem')
    throw new Failure(
      'Usage',
      `"${image}" names no image: ${parsed.text}; give REGISTRY/REPOSITORY:TAG, or a set as oci:DIR:TAG`,
    );
  const { reference } = parsed;
  const tag = reference.tag ?? (reference.digest === undefined ? 'latest' : undefined);
  return {
    source: await registrySource(access),
    reference,
    tag,
    [Symbol.asyncDispose]: async () => undefined,
  };
}

/** Locks the layout, made where it is not there; the lock of one that a kill ended is none. */
async function openTarget(
  target: MirrorTarget,
  layoutPath: string,
  tag: string,
  reference: Reference,
  signal: AbortSignal,
): Promise<AsyncDisposable> {
  const isThere = (path: string): Promise<boolean> =>
    stat(path).then(
      () => true,
      () => false,
    );
  if (target.kind === 'archive' && !(await isThere(layoutPath)) && (await isThere(target.path)))
    await unpackLayout(target.path, layoutPath, signal);
  await makeLayout(layoutPath);
  const lock = await takeLock(join(layoutPath, '.lock')).catch((error: unknown) => {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'EPERM' && code !== 'ENOTSUP' && code !== 'EOPNOTSUPP') throw error;
    throw new Failure(
      'BadConfiguration',
      `${layoutPath}: its file system has no hard links; use ext4 or xfs, or write one file with oci-archive:`,
    );
  });
  if (lock === undefined)
    throw new Failure('Busy', `another run mirrors to ${target.name}; wait for it to end`);
  try {
    if (target.kind !== 'registry') await checkTag(layoutPath, target.name, tag, reference);
  } catch (error) {
    await lock.release();
    throw error;
  }
  return {
    [Symbol.asyncDispose]: () => lock.release(),
  };
}

/** A tag of another OS would be taken from it. @throws Failure `Usage` */
async function checkTag(
  layoutPath: string,
  name: string,
  tag: string,
  { domain, path }: Reference,
): Promise<void> {
  const bytes = await folderFiles(layoutPath).read('index.json', 4 * 2 ** 20);
  const index = parseManifest(bytes, digestOf(bytes, undefined), indexType, `${name}, index.json`);
  const there =
    index.kind === 'index' ? setsOf(index.index.manifests).find((set) => set.tag === tag) : undefined;
  if (there === undefined) return;
  const { domain: otherDomain, path: otherPath } = originalReference(there, name);
  if (otherDomain === domain && otherPath === path) return;
  throw new Failure('Usage', `${name} has ${tag} of ${otherDomain}/${otherPath} already: give another --tag`);
}

async function openPush(place: PushTarget['place'], access: Access): Promise<PushTarget> {
  const { findAuthFile } = await import('../registry/credentials.ts');
  const authFile = access.pullOfOsImage.authFile ?? (await findAuthFile('/'));
  return { place, registry: await access.registry(), authFile };
}

/** Layers that the copy has are read there. */
async function readBound(
  os: Collected,
  layoutPath: string,
  source: MirrorSource,
  signal: AbortSignal,
): Promise<BoundSet> {
  const files = folderFiles(layoutPath);
  return boundByAll(
    os,
    async (descriptor, options = {}) => {
      try {
        return await files.stream(blobName(descriptor.digest), options);
      } catch {
        return source.blob(os.reference, descriptor, os.pull, options);
      }
    },
    signal,
  );
}

async function collectBound(
  { definitions }: BoundSet,
  access: Access,
  source: MirrorSource,
  options: CollectOptions,
): Promise<Collected[]> {
  const limit = pLimit(asksAtOnce);
  const { authFile } = access.pullOfOsImage;
  const { wants } = wantsOf(definitions);
  const failures: Failure[] = [];
  const found = await Promise.all(
    wants.map((want) =>
      limit(async () => {
        // Files that a quadlet names are of the host that it is for.
        const { tlsVerify, creds, arch } = want.pull;
        const pull = {
          ...(authFile === undefined ? {} : { authFile }),
          ...(tlsVerify === undefined ? {} : { tlsVerify }),
          ...(creds === undefined ? {} : { creds }),
        };
        // Arch= says which one is meant, whatever the hosts are.
        const isOther = arch !== undefined && options.architectures.length > 0;
        const asked = isOther ? { ...options, architectures: [arch] } : options;
        try {
          return await collectImage('bound', want.reference, pull, source, asked);
        } catch (error) {
          const failure = asFailure(error);
          if (failure.code === 'Internal' || failure.code === 'Cancelled') throw error;
          failures.push(new Failure(failure.code, `${want.image}: ${failure.message}`, { cause: failure }));
          return [];
        }
      }),
    ),
  );
  const [first, ...others] = failures;
  if (first === undefined) return found.flat();
  throw new Failure(first.code, [first, ...others].map(({ message }) => message).join('\n'), {
    cause: first,
  });
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

async function presentIn(layoutPath: string, blobs: readonly SetBlob[]): Promise<readonly SetBlob[]> {
  const missing = new Set(await missingFrom(layoutPath, blobs));
  return blobs.filter((blob) => !missing.has(blob));
}

/** What a failing disk, or another program, has changed since is fetched anew once. */
async function verify(
  layoutPath: string,
  blobs: readonly SetBlob[],
  set: readonly Collected[],
  source: MirrorSource,
  signal: AbortSignal,
): Promise<void> {
  const damaged = await removeDamaged(layoutPath, blobs, signal);
  await fetchInto(layoutPath, damaged, source, signal, () => undefined);
  const still = await removeDamaged(layoutPath, damaged, signal);
  const [first] = still;
  if (first !== undefined)
    throw new Failure(
      'DigestMismatch',
      `${layoutPath}: ${first.blob.digest} of ${first.of.name} is not what was written; check the disk`,
    );
  for (const { manifests, name } of set)
    for (const { digest } of manifests)
      if (!(await isWhole(layoutPath, digest, signal)))
        throw new Failure(
          'DigestMismatch',
          `${layoutPath}: ${digest} of ${name} is not what was written; remove it, and check the disk`,
        );
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
