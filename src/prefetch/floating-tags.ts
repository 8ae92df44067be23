import pLimit from 'p-limit';
import type { Digest } from '../model/digest.ts';
import { asFailure, type Failure } from '../model/failure.ts';
import type { Want } from '../plan/want.ts';
import type { Access } from './access.ts';
import type { Plan } from './make-plan.ts';

/** What a tag that nobody pinned means now. */
export type FloatingTag =
  | {
      readonly kind: 'known';
      readonly want: Want;
      readonly digest: Digest;
      /** Whether that is what the store has; undefined where it has nothing of that name. */
      readonly stored: boolean | undefined;
    }
  | { readonly kind: 'unknown'; readonly want: Want; readonly failure: Failure };

const asksAtOnce = 6;

/** Asks the registries what the floating tags of a plan mean now; of those to be pulled the plan knows it already. */
export async function floatingTags(plan: Plan, access: Access, signal: AbortSignal): Promise<FloatingTag[]> {
  const limit = pLimit(asksAtOnce);
  const kept = plan.kept
    .filter(({ want }) => want.reference.digest === undefined)
    .map(({ want, stored }) =>
      limit(async (): Promise<FloatingTag> => {
        try {
          const digest = await access.resolveDigest(want, signal);
          return { kind: 'known', want, digest, stored: stored.digests.includes(digest) };
        } catch (error) {
          return { kind: 'unknown', want, failure: asFailure(error) };
        }
      }),
    );
  const pulled = plan.pulls
    .filter(({ want }) => want.reference.digest === undefined)
    .map(({ want, stored, manifest }): FloatingTag => {
      const digest = manifest.indexDigest ?? manifest.digest;
      return { kind: 'known', want, digest, stored: stored?.digests.includes(digest) };
    });
  return [...(await Promise.all(kept)), ...pulled];
}
