import { asDigest } from '../model/digest.ts';
import type { StoredLayer } from '../model/inventory.ts';
import { objectOf, parseRecords, sizeOf, type StoreRecord, textOf } from './parse-records.ts';

/** What layers.json or volatile-layers.json says: `Layer` of storage/layers.go. @throws Failure `StoreDamaged` */
export function parseLayers(text: string, file: string): Omit<StoredLayer, 'folderMissing'>[] {
  return parseRecords(text, file).map(asLayer);
}

function asLayer(record: StoreRecord): Omit<StoredLayer, 'folderMissing'> {
  const parent = textOf(record, 'parent');
  const diffDigest = asDigest(textOf(record, 'diff-digest'));
  const diffSizeBytes = sizeOf(record, 'diff-size');
  const blobDigest = asDigest(textOf(record, 'compressed-diff-digest'));
  const blobSizeBytes = sizeOf(record, 'compressed-size');
  return {
    id: record.id,
    ...(parent ? { parent } : {}),
    ...(diffDigest === undefined ? {} : { diffDigest }),
    ...(diffSizeBytes === undefined ? {} : { diffSizeBytes }),
    ...(blobDigest === undefined ? {} : { blobDigest }),
    ...(blobSizeBytes === undefined ? {} : { blobSizeBytes }),
    incomplete: objectOf(record, 'flags')['incomplete'] === true,
  };
}
