import { isDeepStrictEqual } from 'node:util';
import { type LockNote, settledNote } from '../guard/lock-note.ts';
import {
  type Candidate,
  type GateGoal,
  type GateMemory,
  type GateOutcome,
  type GateStep,
  type GateView,
  nextStep,
} from '../guard/next-step.ts';
import type { Readiness } from '../guard/readiness.ts';
import { asFailure, Failure } from '../model/failure.ts';

/** What the gate does to a host. Each throws a Failure. */
export interface GateEffects {
  /** Waits until no bootc holds the sysroot's lock. @throws Failure `Busy` after its limit */
  readonly awaitStagingEnd: (signal: AbortSignal) => Promise<void>;
  /** Deployments listed and verified anew; the note as it was remembered last. */
  readonly view: (signal: AbortSignal) => Promise<GateView>;
  /** What the next upgrade would stage, and what of it is not in the store. */
  readonly lookAhead: (signal: AbortSignal) => Promise<Candidate>;
  /** Brings the candidate's images; one that fails is lacking still, with its error. */
  readonly prefetchCandidate: (signal: AbortSignal) => Promise<Candidate>;
  /** `bootc upgrade --download-only`, or a plain `bootc upgrade`. */
  readonly stage: (locked: boolean, signal: AbortSignal) => Promise<void>;
  /** Brings what a deployment lacks; what fails, the next view says with its error. */
  readonly complete: (staged: Readiness, signal: AbortSignal) => Promise<void>;
  readonly lock: (by: 'ostree' | 'bootc', id: string, signal: AbortSignal) => Promise<void>;
  /** `bootc upgrade --from-downloaded`, or `ostree admin lock-finalization --unlock`. */
  readonly unlock: (by: 'ostree' | 'bootc', id: string, signal: AbortSignal) => Promise<void>;
  /** Asks for a reboot, and returns. Not through `bootc upgrade --apply`, which could stage something newer than was verified. */
  readonly reboot: () => Promise<void>;
  /** Durable before it returns. */
  readonly remember: (note: LockNote | undefined) => Promise<void>;
  /** Hears of each step before it is taken, and of a failure that does not end the run. */
  readonly onStep: (step: GateStep) => void;
  readonly onAlarm: (failure: Failure) => void;
}

/** More than any way through the gate takes; beyond it a host does not do what it is told. */
const stepsMax = 20;

/**
 * Stages what the registry has, so that it boots only with all its images, or completes what is staged. Each step is decided on what
 * is there by then: whoever is killed, or rebooted, goes on from there the next time.
 * @throws Failure `NotReady` or `Definitions` where images are lacking in the end, `Busy`, `Cancelled`, and those of the effects
 */
export async function passGate(
  goal: GateGoal,
  effects: GateEffects,
  signal: AbortSignal,
): Promise<GateOutcome> {
  await effects.awaitStagingEnd(signal);
  let memory: GateMemory = {
    prefetched: false,
    staged: false,
    completed: new Set(),
    locked: new Set(),
  };
  for (let steps = 0; steps < stepsMax; steps += 1) {
    signal.throwIfAborted();
    const view = await settled(effects, signal);
    const step = nextStep(goal, view, memory);
    effects.onStep(step);
    if (step.kind === 'end') return step.outcome;
    if (step.kind === 'fail') throw step.failure;
    if (step.kind === 'reboot') {
      await effects.reboot();
      return 'rebooting';
    }
    memory = { ...memory, ...(await taken(step, view, memory, effects, signal)) };
  }
  throw new Failure(
    'ProgramOutput',
    'bootc says that it did what it was told, and nothing changes: look at bootc status',
  );
}

async function settled(effects: GateEffects, signal: AbortSignal): Promise<GateView> {
  const { note, ...view } = await effects.view(signal);
  const left = settledNote(view.staged?.deployment, note);
  if (!isDeepStrictEqual(left, note)) await effects.remember(left);
  return left === undefined ? view : { ...view, note: left };
}

/** Takes a step. @returns what there is to remember of it in this run */
async function taken(
  step: Exclude<GateStep, { kind: 'end' | 'fail' | 'reboot' }>,
  view: GateView,
  memory: GateMemory,
  effects: GateEffects,
  signal: AbortSignal,
): Promise<Partial<GateMemory>> {
  switch (step.kind) {
    case 'look-ahead':
      return { candidate: await effects.lookAhead(signal).catch(unlessCancelled) };
    case 'prefetch':
      return { candidate: await effects.prefetchCandidate(signal).catch(unlessCancelled), prefetched: true };
    case 'stage':
      if (step.note !== undefined) await effects.remember(step.note);
      await stage(step.locked, view, effects, signal);
      return { staged: true };
    case 'lock':
      await effects.remember(step.note);
      // Not to be locked is the worse for it, but its images are still to be brought.
      await effects
        .lock(step.by, step.id, signal)
        .catch((error: unknown) => effects.onAlarm(unlessCancelled(error)));
      return { locked: new Set([...memory.locked, step.id]) };
    case 'complete':
      await effects
        .complete(step.staged, signal)
        .catch((error: unknown) => effects.onAlarm(unlessCancelled(error)));
      return { completed: new Set([...memory.completed, step.staged.deployment.id]) };
    case 'unlock':
      await effects.unlock(step.by, step.id, signal);
      await effects.remember(undefined);
      return {};
  }
}

/** bootc stages before it pulls and prunes, so that it may have staged something though it failed. */
async function stage(
  locked: boolean,
  before: GateView,
  effects: GateEffects,
  signal: AbortSignal,
): Promise<void> {
  try {
    await effects.stage(locked, signal);
  } catch (error) {
    const failure = unlessCancelled(error);
    const { staged } = await effects.view(signal);
    if (staged === undefined || staged.deployment.id === before.staged?.deployment.id) throw failure;
    effects.onAlarm(failure);
  }
}

function unlessCancelled(error: unknown): Failure {
  const failure = asFailure(error);
  if (failure.code === 'Cancelled' || failure.code === 'Internal') throw error;
  return failure;
}
