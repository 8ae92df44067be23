import type { Image } from '../bus/host.ts';

export type ImageColumn = 'reference' | 'state' | 'size';

/** What a person has to look at comes first, what is being worked on next. */
const stateOrder = ['damaged', 'missing', 'unknown', 'fetching', 'verifying', 'present'];

/** @param stateFilter '' for all, `attention` for all that is not present */
export function filterImages(images: readonly Image[], words: string, stateFilter: string): readonly Image[] {
  const wanted = words
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '');
  if (wanted.length === 0 && stateFilter === '') return images;
  return images.filter(
    (image) =>
      (stateFilter === '' ||
        (stateFilter === 'attention' ? needsAttention(image) : image.state === stateFilter)) &&
      wanted.every((word) => searched(image).some((text) => text.toLowerCase().includes(word))),
  );
}

export function sortImages(
  images: readonly Image[],
  column: ImageColumn,
  descending: boolean,
): readonly Image[] {
  const sign = descending ? -1 : 1;
  return images.toSorted((a, b) => sign * compare(a, b, column) || a.reference.localeCompare(b.reference));
}

function needsAttention({ state, lastError }: Image): boolean {
  return state === 'missing' || state === 'damaged' || state === 'unknown' || lastError !== '';
}

function compare(a: Image, b: Image, column: ImageColumn): number {
  switch (column) {
    case 'reference':
      return a.reference.localeCompare(b.reference);
    case 'state':
      return stateOrder.indexOf(a.state) - stateOrder.indexOf(b.state);
    case 'size':
      return a.sizeBytes - b.sizeBytes;
  }
}

function searched({ reference, digest, boundBy }: Image): string[] {
  return [reference, digest, ...boundBy.flatMap(({ slot, file }) => [slot, file])];
}
