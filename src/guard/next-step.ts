import type { Digest } from '../model/digest.ts';
import { Failure } from '../model/failure.ts';
import { lacksText } from './lacks-text.ts';
import { isLockedByUs, type LockNote } from './lock-note.ts';
import { isReady, type Readiness } from './readiness.ts';

/** `upgrade`: stage what the registry has, complete. `staged`: complete what is staged already, by whomever. */
export type GateGoal = { readonly kind: 'upgrade'; readonly apply: boolean } | { readonly kind: 'staged' };

/** How things are, read anew before each step. */
export interface GateView {
  readonly booted?: { readonly digest?: Digest };
  readonly staged?: Readiness;
  readonly note?: LockNote;
  readonly can: {
    /** `bootc upgrade --download-only` and `--from-downloaded`: bootc from 1.12. */
    readonly downloadOnly: boolean;
    /** `ostree admin lock-finalization`. */
    readonly lockFinalization: boolean;
  };
}

/** What has been done since the gate was entered. */
export interface GateMemory {
  /** What the next upgrade would stage; a failure where nobody could tell. */
  readonly candidate?: Candidate | Failure;
  readonly prefetched: boolean;
  readonly staged: boolean;
  /** Ids of deployments whose images were brought as far as they could be, and of those that were locked. */
  readonly completed: ReadonlySet<string>;
  readonly locked: ReadonlySet<string>;
}

export interface Candidate {
  readonly digest: Digest;
  readonly lacking: Readiness['lacking'];
  readonly unreadable: number;
}

export type GateStep =
  | { readonly kind: 'look-ahead' }
  | { readonly kind: 'prefetch' }
  /** With a lock where bootc has one. */
  | { readonly kind: 'stage'; readonly locked: boolean; readonly note?: LockNote }
  | { readonly kind: 'lock'; readonly by: 'ostree' | 'bootc'; readonly id: string; readonly note: LockNote }
  | { readonly kind: 'complete'; readonly staged: Readiness }
  | { readonly kind: 'unlock'; readonly by: 'ostree' | 'bootc'; readonly id: string }
  | { readonly kind: 'reboot' }
  | { readonly kind: 'end'; readonly outcome: GateOutcome }
  | { readonly kind: 'fail'; readonly failure: Failure };

/** `current`: nothing newer. `ready`: what is staged boots next. `held`: complete, but locked by somebody else. */
export type GateOutcome = 'current' | 'ready' | 'held' | 'rebooting';

/** The one step to take now. Nothing but the view and the memory of this run decides, so that a run that was killed goes on from reality. */
export function nextStep(goal: GateGoal, view: GateView, memory: GateMemory): GateStep {
  const { staged } = view;
  if (goal.kind === 'upgrade' && !memory.staged && !isHeldByOthers(view)) {
    const { candidate } = memory;
    if (candidate === undefined) return { kind: 'look-ahead' };
    const step = towardsStaging(view, memory, candidate);
    if (step !== undefined) return step;
  }
  if (staged === undefined) return { kind: 'end', outcome: 'current' };
  return isReady(staged) ? towardsBoot(goal, staged, view) : towardsReady(staged, view, memory);
}

/** Undefined where the candidate is staged, or booted, already. */
function towardsStaging(
  { booted, staged, can }: GateView,
  { prefetched }: GateMemory,
  candidate: Candidate | Failure,
): GateStep | undefined {
  if (!(candidate instanceof Failure)) {
    const next = staged === undefined ? booted?.digest : staged.deployment.digest;
    if (next === candidate.digest) return undefined;
  }
  if (candidate instanceof Failure) {
    // Locked, it does no harm, and its own root then says what it binds.
    if (!can.downloadOnly || candidate.code === 'NotBootcHost') return { kind: 'fail', failure: candidate };
  } else if (candidate.lacking.length > 0 && !prefetched) {
    return { kind: 'prefetch' };
  } else if (!isReady(candidate)) {
    return { kind: 'fail', failure: notReady('the next OS image', candidate, 'it is not staged') };
  }
  return can.downloadOnly
    ? { kind: 'stage', locked: true, note: { kind: 'staging' } }
    : { kind: 'stage', locked: false };
}

function towardsReady(staged: Readiness, { can }: GateView, { completed, locked }: GateMemory): GateStep {
  const { id, locked: isLocked } = staged.deployment;
  // First of all, since anybody may reboot meanwhile.
  if (!isLocked && !locked.has(id)) {
    const note = { kind: 'locking', id } as const;
    // ostree's needs no network, and cannot stage something newer instead.
    if (can.lockFinalization) return { kind: 'lock', by: 'ostree', id, note };
    if (can.downloadOnly) return { kind: 'lock', by: 'bootc', id, note };
  }
  if (staged.lacking.length > 0 && !completed.has(id)) return { kind: 'complete', staged };
  const then = isLocked
    ? 'it stays locked, and does not boot, until they are there'
    : 'it is not locked and boots without them: bring them with bound-images prefetch before a reboot, or bootc rollback';
  return { kind: 'fail', failure: notReady('the staged deployment', staged, then) };
}

function towardsBoot(goal: GateGoal, { deployment }: Readiness, view: GateView): GateStep {
  const { id, locked } = deployment;
  if (locked && !isLockedByUs(deployment, view.note)) return { kind: 'end', outcome: 'held' };
  if (locked) return { kind: 'unlock', by: view.can.downloadOnly ? 'bootc' : 'ostree', id };
  if (goal.kind === 'upgrade' && goal.apply) return { kind: 'reboot' };
  return { kind: 'end', outcome: 'ready' };
}

/** Somebody keeps it back on purpose, as for a maintenance window: neither replaced nor unlocked, only completed. */
function isHeldByOthers({ staged, note }: GateView): boolean {
  return staged?.deployment.locked === true && !isLockedByUs(staged.deployment, note);
}

function notReady(what: string, readiness: Pick<Readiness, 'lacking' | 'unreadable'>, then: string): Failure {
  // What a definition cannot say, no trying again brings.
  const code = readiness.lacking.length > 0 ? 'NotReady' : 'Definitions';
  return new Failure(code, `${what} is not complete: ${lacksText(readiness)}; ${then}`);
}
