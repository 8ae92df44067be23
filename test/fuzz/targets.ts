import { contentsTargets } from '../contents/fuzz-targets.ts';
import { definitionsTargets } from '../definitions/fuzz-targets.ts';
import { registryTargets } from '../registry/fuzz-targets.ts';
import type { FuzzTarget } from './target.ts';

/** All of them: each is run shortly with the unit tests, and as long as one likes by run.ts. */
export const targets: readonly FuzzTarget[] = [...contentsTargets, ...definitionsTargets, ...registryTargets];
