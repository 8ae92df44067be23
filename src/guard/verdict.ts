import type { Deployment } from '../model/deployment.ts';
import type { Failure } from '../model/failure.ts';
import type { HostState, NextBoot } from '../model/host-state.ts';
import { lacksText } from './lacks-text.ts';
import { isReady, type Readiness, stateOf } from './readiness.ts';

/** What the verdict depends on besides the deployments themselves. */
export interface BootFacts {
  /** `bootc rollback` was asked for: the rollback boots next. */
  readonly rollbackQueued: boolean;
  /** The staged deployment was locked by the agent, which unlocks it once it is complete. */
  readonly lockedByUs: boolean;
  /** Work on what is lacking is under way. */
  readonly completing: boolean;
}

/**
 * The host's state and what to expect of its next boot.
 * @param readings one per deployment; a deployment that could not be read is not among them
 */
export function verdictOf(
  readings: readonly Readiness[],
  facts: BootFacts,
): Pick<HostState, 'state' | 'nextBoot'> {
  const booted = readings.find(({ deployment }) => deployment.slot === 'booted');
  return { state: stateOf(booted), nextBoot: nextBootOf(readings, facts) };
}

/** Where the store cannot be read, whatever boots: it might have everything. */
export function verdictOnUnread({ code, message }: Failure): NextBoot {
  const remedy =
    code === 'StoreDamaged'
      ? '; or, where no container runs from it, have bound-images verify --repair bring the images again'
      : '';
  return { verdict: 'blocked', reason: `What boots next may lack images. ${message}${remedy}.` };
}

function nextBootOf(readings: readonly Readiness[], facts: BootFacts): NextBoot {
  const of = (slot: Deployment['slot']): Readiness | undefined =>
    readings.find(({ deployment }) => deployment.slot === slot);
  const staged = of('staged');
  if (facts.rollbackQueued) return verdictOn(of('rollback'), facts);
  if (staged === undefined) return verdictOn(of('booted'), facts);
  if (!staged.deployment.locked) return verdictOn(staged, facts);
  const meanwhile = verdictOn(of('booted'), facts);
  // What boots while the staged one is locked counts first: without its own images nobody should reboot at all.
  return meanwhile.verdict === 'ready' || meanwhile.verdict === 'none'
    ? verdictOnLocked(staged, meanwhile, facts)
    : meanwhile;
}

function verdictOn(next: Readiness | undefined, { completing }: BootFacts): NextBoot {
  if (next === undefined) return { verdict: 'none', reason: 'Nothing is known of what boots next.' };
  const name = nameOf(next.deployment);
  if (isReady(next)) return { verdict: 'ready', reason: `${name} boots next and has all its images.` };
  const failed = next.unreadable > 0 || next.lacking.some(({ error }) => error !== undefined);
  return completing && !failed
    ? { verdict: 'waiting', reason: `${name} boots next and is being completed: ${lacksText(next)}.` }
    : { verdict: 'blocked', reason: `${name} boots next and ${lacksText(next)}.` };
}

function verdictOnLocked(staged: Readiness, meanwhile: NextBoot, { lockedByUs }: BootFacts): NextBoot {
  const name = imageOf(staged.deployment);
  if (!isReady(staged))
    return {
      verdict: 'waiting',
      reason: `${name} is staged and locked until it is complete: ${lacksText(staged)}.`,
    };
  if (lockedByUs)
    return { verdict: 'waiting', reason: `${name} is staged and complete, and is about to be unlocked.` };
  const held = `${name} is staged, complete and locked: bootc upgrade --from-downloaded lets it boot.`;
  return { ...meanwhile, reason: `${meanwhile.reason} ${held}` };
}

function nameOf(deployment: Deployment): string {
  return `${imageOf(deployment)} (${deployment.slot})`;
}

function imageOf({ osImage, id }: Deployment): string {
  return osImage?.replace(/^docker:\/\//, '') ?? id;
}
