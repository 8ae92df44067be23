import type { Digest } from '../model/digest.ts';
import type { PlannedImage, PlanReport } from '../model/host-agent.ts';
import { costOf, layersInStore } from '../plan/cost.ts';
import type { Access } from '../prefetch/access.ts';
import { makePlan } from '../prefetch/make-plan.ts';
import { surveyOf } from '../prefetch/survey.ts';
import type { HostSurvey, KnownCandidate } from './survey-host.ts';

/** What an OS image would need on this host. Changes nothing. @throws Failure `Cancelled`; an image that no registry knows is just missing */
export async function planOnHost(
  next: KnownCandidate,
  { inventory }: HostSurvey,
  access: Access,
  signal: AbortSignal,
): Promise<PlanReport> {
  const { osImage, digest, version, boundSet } = next;
  const present = layersInStore(inventory);
  const survey = surveyOf(boundSet, inventory);
  const { kept, pulls, unresolved, cost } = await makePlan(survey, access.resolve, signal);
  const images = [
    ...kept.map(({ want, stored }): PlannedImage => ({
      reference: want.image,
      ...digestMember(stored.digests[0]),
      state: 'present',
      bytesToFetch: 0,
      bytesOnDisk: 0,
    })),
    ...pulls.map(({ want, reason, manifest, bytesToFetch }): PlannedImage => ({
      reference: want.image,
      ...digestMember(manifest.indexDigest ?? manifest.digest),
      state: reason === 'damaged' ? 'damaged' : 'missing',
      bytesToFetch,
      bytesOnDisk: costOf([manifest], present).bytesOnDisk,
    })),
    ...unresolved.map(({ want }): PlannedImage => ({ reference: want.image, state: 'missing' })),
  ];
  const { bytesToFetch, bytesOnDisk } = cost;
  const named = { osImage, osImageDigest: digest, ...(version === undefined ? {} : { version }) };
  return { ...named, images, bytesToFetch, bytesOnDisk };
}

function digestMember(digest: Digest | undefined): Pick<PlannedImage, 'digest'> {
  return digest === undefined ? {} : { digest };
}
