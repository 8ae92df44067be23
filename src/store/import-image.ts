import type { PullOptions } from '../model/definition.ts';
import type { Digest } from '../model/digest.ts';
import { Failure } from '../model/failure.ts';
import type { StoredImage } from '../model/inventory.ts';
import { runProgram } from '../system/run-program.ts';
import { classifySkopeo } from './classify-skopeo.ts';
import { privateFolder } from './private-folder.ts';
import { pullArguments } from './pull-arguments.ts';
import { readInventory } from './read-inventory.ts';
import { type StorePlace, storeReference } from './store-reference.ts';
import { verifyStored } from './verify-store.ts';
import { watchBytes } from './watch-bytes.ts';

export interface ImportRequest extends StorePlace {
  /**
   * What is pulled. `repository` is `host[:port]/path`. A name that pins an index has to be imported with that index's digest:
   * skopeo checks a name's digest against what it was told to copy. With `tag` it is asked for by that, which has to mean the digest
   * where skopeo asks; policy.json may have a scope for it.
   */
  readonly source: {
    readonly registry: string;
    readonly path: string;
    readonly tag?: string | undefined;
    readonly digest: Digest;
  };
  /** The name that the image gets, and that an image which has it loses. */
  readonly name: string;
  /** With paths of this host. */
  readonly pull: PullOptions;
  /** Added to skopeo's environment. */
  readonly env?: Readonly<Record<string, string>>;
}

export interface ImportOptions {
  readonly signal?: AbortSignal | undefined;
  /** How long skopeo may neither receive nor write anything; two minutes unless given. */
  readonly stallLimitMs?: number;
  /** Whether skopeo waits for us: that is no stall. */
  readonly isWaiting?: () => boolean;
  /** Bytes of blobs downloaded so far. */
  readonly onBytes?: (bytesDone: number) => void;
}

/** skopeo itself waits for ever for a server that has fallen silent. Long enough for a slow disk's sync. */
const defaultStallLimitMs = 120_000;

/**
 * Writes an image into a store with skopeo, under the host's own policy.json, and checks what the store has then. A store that is not there is made, with mode 0700. A kill leaves at most layers that are marked incomplete; c/storage
 * removes them at the next write.
 * @throws Failure of skopeo's reasons (classify-skopeo.ts), `DigestMismatch`, `StoreDamaged`, and those of `runProgram`
 */
export async function importImage(
  request: ImportRequest,
  { signal, onBytes, stallLimitMs = defaultStallLimitMs, isWaiting }: ImportOptions = {},
): Promise<StoredImage> {
  const { source, name, pull, storePath, runRoot, env = {} } = request;
  const store = await storeReference(request);
  // In memory on every host, and gone with a reboot.
  await using secrets = await privateFolder(runRoot);
  // skopeo leaves its blobs in /var/tmp when it is killed, and does not heed TMPDIR for them: so in a folder of our own.
  await using temporary = await privateFolder(process.env['TMPDIR'] ?? '/var/tmp');
  const { global, copy } = await pullArguments(pull, source.registry, secrets.path);
  const argv = [
    `--tmpdir=${temporary.path}`,
    ...global,
    'copy',
    ...copy,
    '--',
    `docker://${source.registry}/${source.path}${source.tag === undefined ? `@${source.digest}` : `:${source.tag}`}`,
    `${store}${name}`,
  ];
  const endWatch = onBytes === undefined ? undefined : watchBytes(temporary.path, onBytes);
  const { exitCode, stderr } = await runProgram('skopeo', argv, {
    env,
    signal,
    idleLimitMs: stallLimitMs,
    isWaiting,
  }).finally(endWatch);
  if (exitCode !== 0) {
    const { code, text } = classifySkopeo(stderr);
    throw new Failure(code, `${name}: ${text}${remedies[code] ?? ''}`);
  }
  // Awaited here: the folders are removed first, and nobody would hear of what fails meanwhile.
  return await checkImported(storePath, name, source.digest, signal);
}

const remedies: Partial<Record<Failure['code'], string>> = {
  Authentication: '; log in with --authfile /etc/ostree/auth.json, and check the name',
  NoSpace: '; free some, or name another store',
  Policy: '; sign the image, or change /etc/containers/policy.json',
  NotFound: '; the registry has only a part of the image: push it again',
  DigestMismatch:
    '; what came is not what the manifest names: push the image again, or look for a proxy that changes it',
  Transient: '; try again later',
};

async function checkImported(
  storePath: string,
  name: string,
  digest: Digest,
  signal: AbortSignal | undefined,
): Promise<StoredImage> {
  const verification = await verifyStored(await readInventory(storePath, { signal }), name, digest);
  if (verification.kind === 'present') return verification.image;
  if (verification.kind === 'missing')
    throw new Failure(
      'ProgramOutput',
      `${name}: skopeo reported success, but ${storePath} has no image of this name`,
    );
  const { image } = verification;
  if (verification.kind === 'mismatch')
    throw new Failure(
      'DigestMismatch',
      `${name}: ${digest} was to be stored, but ${storePath} has ${image.digests.join(', ')}`,
    );
  // skopeo takes a layer for present once it is recorded, and does not look for its folder.
  throw new Failure(
    'StoreDamaged',
    `${name}: damaged in ${storePath} though it was just written (${verification.what.join('; ')}); the image has to be removed first`,
  );
}
