import type { Descriptor } from '../model/manifest.ts';
import { collectLayer } from './collect-layer.ts';
import { aboutLayer, layerEntries, type ReadLayerOptions } from './layer-entries.ts';
import type { LayerSummary } from './layer-summary.ts';

/**
 * What one layer says of what matters.
 * @throws Failure `DigestMismatch`, `BadContent`, `Cancelled`, and what the stream throws.
 */
export async function readLayer(
  blob: AsyncIterable<Uint8Array>,
  layer: Pick<Descriptor, 'digest' | 'sizeBytes'>,
  options: ReadLayerOptions,
): Promise<LayerSummary> {
  const collector = collectLayer(options.limits);
  try {
    for await (const entry of layerEntries(blob, layer, options)) await collector.add(entry);
  } catch (error) {
    throw aboutLayer(error, layer.digest);
  }
  return collector.summary();
}
