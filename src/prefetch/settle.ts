import type { StoredLayer } from '../model/inventory.ts';
import { assess } from '../plan/assess.ts';
import { deepVerify } from './deep-verify.ts';
import type { Survey } from './survey.ts';
import { unsettledImports } from './unsettled.ts';

/**
 * Reads the images that were being imported when the machine was last cut off: those of which it has kept the records alone count as
 * damaged. Where there are none of those, they are not read again.
 * @throws Failure of `deepVerify`
 */
export async function settle(survey: Survey, signal: AbortSignal): Promise<Survey> {
  const { inventory } = survey;
  const { names, forget } = await unsettledImports(inventory.storePath);
  const read = inventory.images.filter((image) => image.names.some((name) => names.has(name)));
  const verdicts = await deepVerify(inventory, read, signal);
  const isLost = ({ id }: StoredLayer): boolean => verdicts.get(id)?.kind === 'damaged';
  if (!read.some(({ layers }) => layers.some(isLost))) {
    await forget();
    return survey;
  }
  const seen = (layer: StoredLayer): StoredLayer =>
    isLost(layer) ? { ...layer, folderMissing: true } : layer;
  const layers = new Map([...inventory.layers].map(([id, layer]) => [id, seen(layer)]));
  const images = inventory.images.map((image) => {
    const lost = image.layers.filter(isLost).map(({ id }) => `the contents of layer ${id}`);
    return lost.length === 0
      ? image
      : { ...image, layers: image.layers.map(seen), missing: [...image.missing, ...lost] };
  });
  const known = { ...inventory, images, layers };
  const wants = survey.assessments.map(({ want }) => want);
  return { ...survey, inventory: known, assessments: assess(wants, known) };
}
