import type { HostState } from '../model/host-state.ts';

/** A host whose store cannot be read: what it is to have is known, and nothing of what it has. */
export function unknownState(state: HostState): HostState {
  const unknown = { state: 'unknown' } as const;
  return {
    ...state,
    ...unknown,
    deployments: state.deployments.map((deployment) => ({ ...deployment, ...unknown })),
    images: state.images.map((image) => ({ ...image, ...unknown })),
  };
}
