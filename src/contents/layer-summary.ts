import { hash } from 'node:crypto';
import * as v from 'valibot';

/** What is remembered of an entry. Paths have no slash at either end. */
export type KeptEntry =
  | { readonly kind: 'file'; readonly path: string; readonly sizeBytes: number; readonly content: Buffer }
  /** A regular file whose content is not known, and why. */
  | { readonly kind: 'unread'; readonly path: string; readonly sizeBytes: number; readonly reason: string }
  | { readonly kind: 'link'; readonly path: string; readonly target: string }
  /** A hard link to a file that is not in the same layer. */
  | { readonly kind: 'hardlink'; readonly path: string; readonly target: string }
  | { readonly kind: 'folder'; readonly path: string }
  | { readonly kind: 'other'; readonly path: string };

/**
 * What one layer does to a root, as far as it matters: entries in order, and of all others no more than hashes of their
 * paths, to know which entries of lower layers they replace or remove.
 */
export interface LayerSummary {
  readonly entries: readonly KeptEntry[];
  /** Paths that are no longer what lower layers say: of whiteouts, and of entries that are no folders. */
  readonly hidden: ReadonlySet<number>;
  /** Folders that show nothing of lower layers. */
  readonly opaque: ReadonlySet<number>;
  readonly folders: ReadonlySet<number>;
}

const hashBytes = 6;
/** Goes up whenever other entries are kept, or they are written otherwise. */
const version = 1;

/** 48 bits: among a million paths a chance of one in 10^8 that two of those remembered and not are taken for each other. */
export function pathHash(path: string): number {
  return hash('sha1', path, 'buffer').readUIntBE(0, hashBytes);
}

const path = v.string();
const sizeBytes = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const base64 = v.pipe(
  v.string(),
  v.transform((text) => Buffer.from(text, 'base64')),
);
const hashes = v.pipe(
  v.string(),
  v.transform((text): ReadonlySet<number> => unpacked(Buffer.from(text, 'base64'))),
);
const entry = v.variant('kind', [
  v.object({ kind: v.literal('file'), path, sizeBytes, content: base64 }),
  v.object({ kind: v.literal('unread'), path, sizeBytes, reason: v.string() }),
  v.object({ kind: v.literal('link'), path, target: v.string() }),
  v.object({ kind: v.literal('hardlink'), path, target: path }),
  v.object({ kind: v.literal('folder'), path }),
  v.object({ kind: v.literal('other'), path }),
]);
const written = v.object({
  version: v.literal(version),
  entries: v.array(entry),
  hidden: hashes,
  opaque: hashes,
  folders: hashes,
});

/** As text that `readSummary` understands. */
export function writeSummary({ entries, hidden, opaque, folders }: LayerSummary): string {
  return JSON.stringify({
    version,
    entries: entries.map((each) =>
      each.kind === 'file' ? { ...each, content: each.content.toString('base64') } : each,
    ),
    hidden: packed(hidden),
    opaque: packed(opaque),
    folders: packed(folders),
  });
}

/** The summary, or undefined where the text is none, or one of another version. */
export function readSummary(text: string): LayerSummary | undefined {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    return undefined;
  }
  const { success, output } = v.safeParse(written, document);
  return success ? output : undefined;
}

function packed(hashes: ReadonlySet<number>): string {
  const bytes = Buffer.alloc(hashes.size * hashBytes);
  let at = 0;
  for (const each of hashes) at = bytes.writeUIntBE(each, at, hashBytes);
  return bytes.toString('base64');
}

function unpacked(bytes: Buffer): ReadonlySet<number> {
  const hashes = new Set<number>();
  for (let at = 0; at + hashBytes <= bytes.length; at += hashBytes)
    hashes.add(bytes.readUIntBE(at, hashBytes));
  return hashes;
}
