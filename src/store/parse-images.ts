import { array, type InferOutput, nullish, object, record, string } from 'valibot';
import { asDigest, type Digest } from '../model/digest.ts';
import { parseRecords, recordId } from './parse-records.ts';
import { damaged } from './store-failure.ts';

/** What images.json says of one image. */
export interface ImageRecord {
  readonly id: string;
  readonly names: readonly string[];
  readonly topLayer: string | undefined;
  readonly digests: readonly Digest[];
  /** Keys of its data items: `manifest`, `manifest-sha256:...`, `sha256:...` for the config, `signature-...`. */
  readonly bigDataKeys: readonly string[];
  readonly createdUs: number;
}

// The fields of `Image`, storage/images.go, that are used here.
const imageRecord = object({
  id: recordId,
  digest: nullish(string()),
  names: nullish(array(string())),
  layer: nullish(string()),
  'big-data-names': nullish(array(string())),
  'big-data-digests': nullish(record(string(), string())),
  created: nullish(string()),
});

/** @throws Failure `StoreDamaged` */
export function parseImages(text: string, file: string): ImageRecord[] {
  const images = parseRecords(imageRecord, text, file).map(asRecord);
  const names = new Set<string>();
  for (const name of images.flatMap((image) => image.names)) {
    // podman refuses an additional store where this is so: which image would it be?
    if (names.has(name)) throw damaged(file, `two images have the name ${JSON.stringify(name)}`);
    names.add(name);
  }
  return images;
}

function asRecord(image: InferOutput<typeof imageRecord>): ImageRecord {
  return {
    id: image.id,
    names: image.names ?? [],
    topLayer: image.layer || undefined,
    digests: digestsOf(image),
    bigDataKeys: image['big-data-names'] ?? [],
    createdUs: microseconds(image.created ?? ''),
  };
}

/** As recomputeDigests of storage/images.go: what is kept under `manifest` and `manifest-...`. */
function digestsOf(image: InferOutput<typeof imageRecord>): Digest[] {
  const kept = Object.entries(image['big-data-digests'] ?? {})
    .filter(([key]) => key.startsWith('manifest'))
    .map(([, digest]) => digest);
  const digests = [image.digest, ...kept].map(asDigest).filter((digest) => digest !== undefined);
  return [...new Set(digests)];
}

/** RFC 3339 with up to nine digits of fraction, as Go writes it; 0 where there is none. */
function microseconds(time: string): number {
  const match = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)$/.exec(time);
  if (match === null) return 0;
  const [, seconds, fraction = '', zone] = match;
  const milliseconds = Date.parse(`${seconds}${zone}`);
  return milliseconds > 0 ? milliseconds * 1000 + Number(fraction.slice(0, 6).padEnd(6, '0')) : 0;
}
