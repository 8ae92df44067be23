import { diskTree } from '../definitions/disk-tree.ts';
import { readBoundSet } from '../definitions/read-bound-set.ts';
import type { Lease, Need, Needs } from '../guard/need.ts';
import type { BoundSet } from '../model/definition.ts';
import type { BinderSlot, Deployment } from '../model/deployment.ts';
import { storeName } from '../model/reference.ts';

export interface NeedsParts {
  readonly listDeployments: () => Promise<readonly Deployment[]>;
  /** What the candidate binds, as far as it is known. */
  readonly candidate: BoundSet | undefined;
  readonly leases: readonly Lease[];
}

/**
 * All that forbids to remove an image, from the roots on this host's disk as they are now. A host without one is not understood:
 * there nothing may be removed.
 */
export async function gatherNeeds({ listDeployments, candidate, leases }: NeedsParts): Promise<Needs> {
  const deployments = await listDeployments();
  const bound = await Promise.all(
    deployments.map(async (deployment) => ({
      deployment,
      boundSet: await readBoundSet(diskTree(deployment.rootPath)),
    })),
  );
  return {
    needs: [
      ...bound.flatMap(({ deployment, boundSet }) => needsOf(deployment.slot, boundSet)),
      ...(candidate === undefined ? [] : needsOf('candidate', candidate)),
    ],
    leases,
    osImages: deployments.flatMap(({ osImage, digest }) =>
      osImage === undefined
        ? []
        : { name: osImage.replace(/^[a-z-]+:(?:\/\/)?/, ''), ...(digest === undefined ? {} : { digest }) },
    ),
    unread: [
      ...(deployments.length === 0 ? ['an OS image that this host boots'] : []),
      ...bound
        .filter(({ boundSet }) => boundSet.problems.some(({ severity }) => severity === 'error'))
        .map(({ deployment: { slot, id } }) => `the ${slot} deployment ${id}`),
    ],
  };
}

function needsOf(slot: BinderSlot, { definitions }: BoundSet): Need[] {
  return definitions.map(({ image, reference }) => ({
    slot,
    names: [...new Set([image, storeName(reference)])],
    ...(reference.digest === undefined ? {} : { digest: reference.digest }),
  }));
}
