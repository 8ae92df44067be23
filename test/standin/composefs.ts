import type { Backend } from './deployed.ts';

export const composefs: Backend = {
  folder: 'composefs',
  deployments: () => [],
  install: () => {},
  stage: () => {},
  setLocked: () => {},
  bootNext: () => {},
};
