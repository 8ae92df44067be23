import type { Deployment, Slot } from '../../src/model/deployment.ts';
import type { Lack, Readiness } from '../../src/guard/readiness.ts';

export function deployment(slot: Slot, facts: Partial<Deployment> = {}): Deployment {
  return {
    id: `default/${slot}.0`,
    slot,
    rootPath: `/sysroot/ostree/deploy/default/deploy/${slot}.0`,
    osImage: `docker://quay.io/ex/os:${slot}`,
    locked: false,
    ...facts,
  };
}

export function readiness(
  slot: Slot,
  lacking: readonly Lack[] = [],
  facts: Partial<Deployment> & { unreadable?: number } = {},
): Readiness {
  const { unreadable = 0, ...rest } = facts;
  return { deployment: deployment(slot, rest), lacking, unreadable };
}

export function lack(image: string, facts: Partial<Lack> = {}): Lack {
  return { image, state: 'missing', ...facts };
}
