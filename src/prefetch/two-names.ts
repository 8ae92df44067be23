import type { Problem } from '../model/problem.ts';
import { problem } from '../model/problem-codes.ts';
import type { Assessment } from '../plan/assess.ts';

/**
 * Wants whose names stand on one image of the store. Both have to, or bootc would pull the one that it does not find; but its
 * prune removes an image by its ID, which podman refuses while that has two names.
 */
export function twoNames(assessments: readonly Assessment[]): Problem[] {
  const stored = assessments.filter((assessment) => assessment.kind !== 'missing');
  const byImage = Map.groupBy(stored, (assessment) => assessment.stored.id);
  return [...byImage.values()].flatMap(([first, ...others]) =>
    others.flatMap(({ want }) => {
      const [bound] = want.boundBy;
      if (first === undefined || bound === undefined) return [];
      const text =
        `${want.image} and ${first.want.image} are one image. When no deployment binds it any more, bootc cannot remove it, ` +
        'and its upgrade ends with an error. Write the same Image= into both.';
      return problem('two-names', bound, text);
    }),
  );
}
