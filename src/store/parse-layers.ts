import { type InferOutput, nullish, number, object, record, string, unknown } from 'valibot';
import { asDigest } from '../model/digest.ts';
import type { StoredLayer } from '../model/inventory.ts';
import { parseRecords, recordId } from './parse-records.ts';

// The fields of `Layer`, storage/layers.go, that are used here.
const layerRecord = object({
  id: recordId,
  parent: nullish(string()),
  'diff-digest': nullish(string()),
  'diff-size': nullish(number()),
  'compressed-diff-digest': nullish(string()),
  'compressed-size': nullish(number()),
  flags: nullish(record(string(), unknown())),
});

/** What layers.json or volatile-layers.json says. @throws Failure `StoreDamaged` */
export function parseLayers(text: string, file: string): Omit<StoredLayer, 'folderMissing'>[] {
  return parseRecords(layerRecord, text, file).map(asLayer);
}

function asLayer(layer: InferOutput<typeof layerRecord>): Omit<StoredLayer, 'folderMissing'> {
  const diffDigest = asDigest(layer['diff-digest']);
  const diffSizeBytes = knownSize(layer['diff-size']);
  const blobDigest = asDigest(layer['compressed-diff-digest']);
  const blobSizeBytes = knownSize(layer['compressed-size']);
  return {
    id: layer.id,
    ...(layer.parent ? { parent: layer.parent } : {}),
    ...(diffDigest === undefined ? {} : { diffDigest }),
    ...(diffSizeBytes === undefined ? {} : { diffSizeBytes }),
    ...(blobDigest === undefined ? {} : { blobDigest }),
    ...(blobSizeBytes === undefined ? {} : { blobSizeBytes }),
    incomplete: layer.flags?.['incomplete'] === true,
  };
}

/** c/storage writes -1 for a size that it does not know. */
function knownSize(sizeBytes: number | null | undefined): number | undefined {
  return sizeBytes !== null && sizeBytes !== undefined && sizeBytes >= 0 ? sizeBytes : undefined;
}
