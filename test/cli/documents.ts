import * as v from 'valibot';

// The JSON documents of schema 1, field by field: one that comes, goes or changes its type is seen here first.

const digest = v.pipe(v.string(), v.regex(/^sha(?:256:[0-9a-f]{64}|512:[0-9a-f]{128})$/));
const path = v.pipe(v.string(), v.startsWith('/'));
const bytes = v.pipe(v.number(), v.integer(), v.minValue(0));
const line = v.pipe(v.number(), v.integer(), v.minValue(1));
const error = v.strictObject({ code: v.string(), text: v.string() });
const problems = v.array(
  v.strictObject({
    file: path,
    line: v.nullable(line),
    code: v.pipe(v.string(), v.regex(/^[a-z0-9-]+$/)),
    text: v.string(),
    severity: v.picklist(['error', 'warning']),
    failsBootc: v.boolean(),
  }),
);
const top = { schema: v.literal(1), problems };
const state = v.picklist(['present', 'missing', 'damaged', 'mismatch']);
const planned = {
  image: v.string(),
  change: v.nullable(v.picklist(['new', 'changed', 'kept'])),
  signaturePolicy: v.array(v.string()),
};
const store = v.strictObject({ path });

export const documents = {
  status: v.strictObject({
    ...top,
    source: path,
    store: v.strictObject({ path, driver: v.string() }),
    images: v.array(
      v.strictObject({
        image: v.string(),
        state,
        digest: v.nullable(digest),
        expectedDigest: v.nullable(digest),
        sizeBytes: v.nullable(bytes),
        damage: v.array(v.string()),
        boundBy: v.array(v.strictObject({ entry: path, file: path, line })),
      }),
    ),
  }),
  plan: v.strictObject({
    ...top,
    source: v.string(),
    osImage: v.nullable(
      v.strictObject({ digest, cachedUpdate: v.nullable(digest), isCachedUpdate: v.nullable(v.boolean()) }),
    ),
    images: v.array(
      v.variant('action', [
        v.strictObject({
          ...planned,
          action: v.literal('pull'),
          reason: v.picklist(['missing', 'damaged', 'mismatch', 'newer']),
          digest,
          bytesToFetch: bytes,
        }),
        v.strictObject({ ...planned, action: v.literal('none'), error }),
        v.strictObject({ ...planned, action: v.literal('keep'), digest: v.nullable(digest) }),
      ]),
    ),
    dropped: v.array(v.string()),
    floatingTags: v.array(
      v.strictObject({
        image: v.string(),
        digest: v.nullable(digest),
        stored: v.nullable(v.boolean()),
        error: v.nullable(error),
      }),
    ),
    bytesToFetch: bytes,
    bytesOnDiskEstimate: bytes,
    space: v.array(
      v.strictObject({
        paths: v.array(path),
        neededBytes: bytes,
        freeBytes: bytes,
        neededInodes: bytes,
        freeInodes: v.nullable(bytes),
      }),
    ),
  }),
  prefetch: v.strictObject({
    ...top,
    source: v.string(),
    store,
    images: v.array(
      v.strictObject({
        image: v.string(),
        outcome: v.picklist(['kept', 'pulled', 'failed']),
        error: v.nullable(error),
      }),
    ),
  }),
  verify: v.strictObject({
    ...top,
    source: path,
    store,
    images: v.array(v.strictObject({ image: v.string(), state, faults: v.array(v.string()) })),
  }),
};

export type DocumentName = keyof typeof documents;
