import type { Lack, Readiness } from './readiness.ts';

/** Named one by one; of more the rest is counted. */
const namesMax = 3;

const words: Readonly<Record<Lack['state'], string>> = {
  missing: 'is missing',
  damaged: 'is damaged',
  mismatch: 'is another than the one that its digest pins',
};

/** What is not there, and why if it was tried: `quay.io/ex/app:1 is missing (Transient: connection refused) and 2 others`. */
export function lacksText({ lacking, unreadable }: Pick<Readiness, 'lacking' | 'unreadable'>): string {
  const named = lacking.slice(0, namesMax).map(({ image, state, error }) => {
    const why = error === undefined ? '' : ` (${error.code}: ${error.text})`;
    return `${image} ${words[state]}${why}`;
  });
  const rest = lacking.length - named.length;
  return [
    ...named,
    ...(rest > 0 ? [`${rest} more ${rest === 1 ? 'is' : 'are'} not there`] : []),
    ...(unreadable > 0
      ? [`${unreadable} ${unreadable === 1 ? 'definition' : 'definitions'} cannot be honoured`]
      : []),
  ].join(', ');
}
