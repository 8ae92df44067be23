import * as v from 'valibot';
import type { BoundSet, Definition, PullOptions } from '../model/definition.ts';
import { Failure } from '../model/failure.ts';
import { parseReference } from '../model/reference.ts';

/** The label that an OS image's bound set stands in, so that it can be read without its layers. */
export const stampLabel = 'org.boundimages.bound-set';
/** Of the label's value: what manifest and config together may cost whoever looks ahead. */
const stampLimitBytes = 64 * 2 ** 10;

/**
 * What an image binds, as the label's value: one line of JSON, without secrets, but it says where one is needed.
 * @throws Failure `BadContent` where that would be more than 64 KiB
 */
export function stampOf({ definitions, problems }: BoundSet): string {
  const text = JSON.stringify({
    schema: 1,
    definitions: definitions.map(({ entry, file, line, imageFile, image, pull }) => ({
      entry,
      file,
      line,
      imageFile,
      image,
      pull: publicPull(pull),
      ...(pull.creds === undefined && pull.decryptionKey === undefined ? {} : { secret: true }),
    })),
    problems: problems.map(({ file, line, code, text, severity, failsBootc }) => ({
      file,
      line,
      code,
      text,
      severity,
      failsBootc,
    })),
  });
  const sizeBytes = Buffer.byteLength(text);
  if (sizeBytes > stampLimitBytes)
    throw new Failure(
      'BadContent',
      `what is bound takes ${sizeBytes} bytes as a label, and ${stampLimitBytes} is its limit: ` +
        'leave the image without a stamp; it is then read from its layers',
    );
  return text;
}

function publicPull(pull: PullOptions): Omit<PullOptions, 'creds' | 'decryptionKey'> {
  const { authFile, certDir, tlsVerify, arch, os, variant, policy, retry, retryDelayMs } = pull;
  const written = { authFile, certDir, tlsVerify, arch, os, variant, policy, retry, retryDelayMs };
  return JSON.parse(JSON.stringify(written)) as typeof pull;
}

const path = v.pipe(v.string(), v.startsWith('/'), v.maxLength(4096), v.excludes('\0'));
const word = v.pipe(v.string(), v.minLength(1), v.maxLength(1024), v.excludes('\0'));
const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const lineNumber = v.pipe(count, v.minValue(1));
// Strict: a key that is not known here may change what is meant.
const stampSchema = v.strictObject({
  schema: v.literal(1),
  definitions: v.array(
    v.strictObject({
      entry: path,
      file: path,
      line: lineNumber,
      imageFile: path,
      image: word,
      pull: v.strictObject({
        authFile: v.exactOptional(path),
        certDir: v.exactOptional(path),
        tlsVerify: v.exactOptional(v.boolean()),
        arch: v.exactOptional(word),
        os: v.exactOptional(word),
        variant: v.exactOptional(word),
        policy: v.exactOptional(v.picklist(['always', 'missing', 'never', 'newer'])),
        retry: v.exactOptional(count),
        retryDelayMs: v.exactOptional(count),
      }),
      // No `secret`: where there is one, what is needed is not in the stamp.
    }),
  ),
  problems: v.array(
    v.strictObject({
      file: path,
      line: v.exactOptional(lineNumber),
      code: v.pipe(v.string(), v.regex(/^[a-z0-9]+(?:-[a-z0-9]+)*$/)),
      text: v.string(),
      severity: v.picklist(['error', 'warning']),
      failsBootc: v.boolean(),
    }),
  ),
});

/** What a label's value says is bound; undefined where anything about it is odd, and the layers have to be read. */
export function parseStamp(text: string): BoundSet | undefined {
  if (text.length > stampLimitBytes || Buffer.byteLength(text) > stampLimitBytes) return undefined;
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    return undefined;
  }
  const { success, output } = v.safeParse(stampSchema, document);
  if (!success) return undefined;
  const definitions: Definition[] = [];
  for (const definition of output.definitions) {
    const parsed = parseReference(definition.image);
    if (parsed.kind === 'problem') return undefined;
    definitions.push({ ...definition, reference: parsed.reference });
  }
  return { definitions, problems: output.problems };
}
