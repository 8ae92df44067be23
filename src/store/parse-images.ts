import { asDigest, type Digest } from '../model/digest.ts';
import { objectOf, parseRecords, type StoreRecord, textOf, textsOf } from './parse-records.ts';
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

/** What images.json says: `Image` of storage/images.go. @throws Failure `StoreDamaged` */
export function parseImages(text: string, file: string): ImageRecord[] {
  const images = parseRecords(text, file).map(asRecord);
  const names = new Set<string>();
  for (const name of images.flatMap((image) => image.names)) {
    // podman refuses an additional store where this is so: which image would it be?
    if (names.has(name)) throw damaged(file, `two images have the name ${JSON.stringify(name)}`);
    names.add(name);
  }
  return images;
}

function asRecord(record: StoreRecord): ImageRecord {
  return {
    id: record.id,
    names: textsOf(record, 'names'),
    topLayer: textOf(record, 'layer') || undefined,
    digests: digestsOf(record),
    bigDataKeys: textsOf(record, 'big-data-names'),
    createdUs: microseconds(textOf(record, 'created') ?? ''),
  };
}

/** As recomputeDigests of storage/images.go: what is kept under `manifest` and `manifest-...`. */
function digestsOf(record: StoreRecord): Digest[] {
  const digests = new Set<Digest>();
  const add = (text: unknown): void => {
    const digest = asDigest(text);
    if (digest !== undefined) digests.add(digest);
  };
  add(textOf(record, 'digest'));
  for (const [key, digest] of Object.entries(objectOf(record, 'big-data-digests')))
    if (key.startsWith('manifest')) add(digest);
  return [...digests];
}

/** RFC 3339 with up to nine digits of fraction, as Go writes it; 0 where there is none. */
function microseconds(time: string): number {
  const match = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)$/.exec(time);
  if (match === null) return 0;
  const [, seconds, fraction = '', zone] = match;
  const milliseconds = Date.parse(`${seconds}${zone}`);
  return milliseconds > 0 ? milliseconds * 1000 + Number(fraction.slice(0, 6).padEnd(6, '0')) : 0;
}
