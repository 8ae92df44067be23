import type { Access } from './access.ts';
import { importPullInto } from './import-pull.ts';
import { makePlan, type Plan } from './make-plan.ts';
import { type PullEvent, pullImages, type PullResult } from './pull-images.ts';
import { removeDamaged } from './remove-damaged.ts';
import { spaceNeeds, tooLittleSpace } from './space.ts';
import { type Survey, surveyAgain } from './survey.ts';
import { checkWritable } from './writable.ts';

/**
 * Removes what is damaged and stands in the way, and plans again where it did. Checks room and access before: what is damaged stays
 * to be looked at where it cannot be pulled again.
 * @throws Failure `NoSpace`, `StoreUnknown`, `Cancelled`
 */
export async function prepare(
  plan: Plan,
  survey: Survey,
  access: Access,
  signal: AbortSignal,
): Promise<Plan> {
  const { storePath } = survey.inventory;
  await checkRoom(plan, storePath);
  if (!(await removeDamaged(survey, plan, signal))) return plan;
  // More may be missing than before, and more is free.
  const again = await makePlan(await surveyAgain(survey, signal), access.resolve, signal);
  if (again.pulls.length > 0) await checkRoom(again, storePath);
  return again;
}

/** Pulls what a plan says. An image's own failure is in its result. */
export async function carryOut(
  { pulls }: Plan,
  storePath: string,
  access: Access,
  signal: AbortSignal,
  onEvent: (event: PullEvent) => void,
): Promise<PullResult[]> {
  return pulls.length === 0 ? [] : pullImages(pulls, importPullInto(storePath, access), signal, onEvent);
}

export async function checkRoom(plan: Plan, storePath: string): Promise<void> {
  await checkWritable(storePath);
  const shortage = tooLittleSpace(await spaceNeeds(plan, storePath));
  if (shortage !== undefined) throw shortage;
}
