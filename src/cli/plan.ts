import { openAccess } from '../prefetch/access.ts';
import { foresee, type Prospect } from '../prefetch/outlook.ts';
import { tooLittleSpace } from '../prefetch/space.ts';
import { readCandidate } from '../deployments/read-candidate.ts';
import type { ExitStatus } from '../model/failure.ts';
import { authFileOf, placeOf, type PullPlace } from './place.ts';
import { planJson, renderPlan } from './plan-report.ts';
import { print, printJson } from './print.ts';
import { readiness } from './readiness.ts';

/** `bound-images plan [IMAGE]`: what a prefetch would do, and what the OS image changes of what is bound. */
export async function plan(
  osImage: string | undefined,
  place: PullPlace,
  signal: AbortSignal,
): Promise<ExitStatus> {
  const { rootPath, storePath } = await placeOf(place);
  await using access = openAccess(rootPath, authFileOf(place));
  const outlook = await foresee(
    await prospectOf(osImage, place, signal),
    rootPath,
    storePath,
    access,
    signal,
  );
  if (place.json) printJson(planJson(outlook));
  else print(renderPlan(outlook));
  if (outlook.plan.unresolved.length > 0 || tooLittleSpace(outlook.space) !== undefined) return 1;
  return readiness(outlook.survey);
}

async function prospectOf(
  osImage: string | undefined,
  { root }: PullPlace,
  signal: AbortSignal,
): Promise<Prospect | undefined> {
  if (osImage !== undefined) return { image: osImage };
  return root === undefined ? readCandidate(signal) : undefined;
}
