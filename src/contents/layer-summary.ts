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
 * paths (path-hashes.ts), to know which entries of lower layers they replace or remove.
 */
export interface LayerSummary {
  readonly entries: readonly KeptEntry[];
  /** Paths that are no longer what lower layers say: of whiteouts, and of entries that are no folders. */
  readonly hidden: Buffer;
  /** Folders that show nothing of lower layers. */
  readonly opaque: Buffer;
  readonly folders: Buffer;
}

/** Goes up whenever other entries are kept, or they are written otherwise. */
const version = 1;

const path = v.string();
const sizeBytes = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const base64 = v.pipe(
  v.string(),
  v.transform((text) => Buffer.from(text, 'base64')),
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
  hidden: base64,
  opaque: base64,
  folders: base64,
});

/** As text that `readSummary` understands. */
export function writeSummary({ entries, hidden, opaque, folders }: LayerSummary): string {
  return JSON.stringify({
    version,
    entries: entries.map((each) =>
      each.kind === 'file' ? { ...each, content: each.content.toString('base64') } : each,
    ),
    hidden: hidden.toString('base64'),
    opaque: opaque.toString('base64'),
    folders: folders.toString('base64'),
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
