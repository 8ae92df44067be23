import { asFailure } from '../model/failure.ts';
import type { HostAgent, JobRequest } from '../model/host-agent.ts';
import type { ImageState } from '../model/host-state.ts';
import { isOver } from '../state/host-notes.ts';
import { findGarbage } from './gc-job.ts';
import type { Host } from './host.ts';
import { nowUs } from './host-memory.ts';
import { hasEnded } from './jobs.ts';

/** Who starts what nobody asked for. */
const agentUid = 0;

export interface HostGuard extends Disposable {
  /** Containers came or went: what one of them stood on may be mended now. */
  readonly onContainers: () => void;
}

/** setTimeout(3) takes no more. */
const longestTimerMs = 2 ** 31 - 1;
/** Nothing tells of the end of what stands in a repair's way while no process looks. */
const lookAgainMs = 10 * 60_000;
/** Whoever had us leave may be at work still. */
const brokenOffMs = 30_000;

/**
 * Keeps a host whole by itself: after every change it completes what is staged, locked meanwhile, repairs what a deployment lacks, and
 * then removes what nothing needs, before bootc's prune meets it. What has just failed waits for its turn (state/retries.ts), and
 * what gave up for a change of configuration or logins.
 */
export function guardHost(agent: HostAgent, host: Host, signal: AbortSignal): HostGuard {
  const { memory, configuration } = host;
  let turn: NodeJS.Timeout | undefined;
  /** What each was last begun for: where it changed nothing, the same again would not either. */
  const reasons = new Map<string, string>();
  const isNews = (what: string, reason: unknown): boolean => {
    const text = JSON.stringify(reason);
    if (reasons.get(what) === text) return false;
    reasons.set(what, text);
    return true;
  };
  const begin = (request: JobRequest): void => {
    try {
      agent.start(request, agentUid);
    } catch (error) {
      // It is about to exit: what is due is for the next one, which `nextTurnUs` appoints.
      if (asFailure(error).code !== 'Busy') throw error;
    }
  };
  const isBusy = (): boolean => agent.jobs().some((job) => !hasEnded(job));
  const triesOf = ({ reference, state }: ImageState): unknown => [
    reference,
    state,
    memory.record(reference)?.retry?.tries ?? 0,
  ];

  const act = (): void => {
    clearTimeout(turn);
    const turnUs = nextTurnUs(agent, host);
    if (turnUs !== undefined)
      turn = setTimeout(again, Math.min(turnUs / 1000 - Date.now(), longestTimerMs)).unref();
    beginNext();
  };
  const again = (): void => {
    reasons.clear();
    act();
  };
  const beginNext = (): void => {
    if (isBusy()) return;
    const { deployments, images } = agent.state();
    const staged = deployments.find(({ slot }) => slot === 'staged');
    const due = images.filter((image) => isLacking(image) && memory.nextTry(image.reference).kind === 'now');
    const completes = staged !== undefined && (due.some(isStaged) || isHeldByUs(agent, host));
    if (isNews('staged', completes && [staged, due.map(triesOf)]) && completes) {
      begin({ operation: 'upgrade', apply: false, onlyStaged: true });
      return;
    }
    const repairable = due.filter(isDeployed);
    // Asked even where nothing is to be repaired: what is whole in between may go again.
    if (isNews('repair', repairable.map(triesOf)) && configuration.guard.repair && repairable.length > 0) {
      begin({
        operation: 'verify',
        images: repairable.map(({ reference }) => reference),
        scope: 'all',
        // Only reading all of it finds again what that has found before.
        deep: repairable.some(({ state }) => state === 'damaged'),
        repair: true,
      });
      return;
    }
    const postponed = memory.postponed();
    const goesOn = postponed !== undefined && isOver(postponed, nowUs());
    if (isNews('prefetch', goesOn && postponed) && goesOn) {
      begin({ operation: 'prefetch', images: [], scope: 'all', scheduled: true });
      return;
    }
    void collect();
  };
  const collect = async (): Promise<void> => {
    try {
      // A job is for people to see; that there is nothing to do is none.
      const garbage = await findGarbage(host, signal);
      if (garbage.length > 0 && !isBusy() && isNews('garbage', garbage))
        begin({ operation: 'gc', dryRun: false });
    } catch {
      // Whoever asks for a gc is told why it cannot be done.
    }
  };
  const end = agent.subscribe(({ kind }) => {
    if (kind !== 'job-removed') queueMicrotask(act);
  });
  act();
  return {
    onContainers: again,
    [Symbol.dispose]() {
      clearTimeout(turn);
      end();
    },
  };
}

/**
 * When there is something to be done again for a deployment, or for a prefetch that was postponed; undefined where nothing is.
 * Microseconds since the epoch. What could be tried at once has been, by then, and nothing is known of what stood in its way.
 */
function nextTurnUs(agent: HostAgent, host: Host): number | undefined {
  const { memory, configuration } = host;
  const lookAgainUs = (Date.now() + lookAgainMs) * 1000;
  const { images } = agent.state();
  const turns = images
    .filter(
      (image) => isLacking(image) && (isStaged(image) || (configuration.guard.repair && isDeployed(image))),
    )
    .map(({ reference }) => {
      const next = memory.nextTry(reference);
      return next.kind === 'now' ? lookAgainUs : next.untilUs;
    });
  if (isHeldByUs(agent, host)) turns.push(lookAgainUs);
  const postponed = memory.postponed();
  if (postponed !== undefined) turns.push(isOver(postponed, nowUs()) ? lookAgainUs : postponed.untilUs);
  return turns.length === 0 ? undefined : Math.min(...turns);
}

/** The same for when the agent has left: what it was told to break off has not been tried, and is due soon. */
export function turnAfterLeavingUs(agent: HostAgent, host: Host): number | undefined {
  const turnUs = nextTurnUs(agent, host);
  const brokeOff = agent.jobs().some(({ state }) => state === 'cancelled');
  return turnUs !== undefined && brokeOff ? Math.min(turnUs, (Date.now() + brokenOffMs) * 1000) : turnUs;
}

/** Ours to unlock, once it is complete. */
function isHeldByUs(agent: HostAgent, { memory }: Host): boolean {
  const staged = agent.state().deployments.find(({ slot }) => slot === 'staged');
  return staged?.state === 'ready' && memory.lockNote() !== undefined;
}

function isStaged({ boundBy }: ImageState): boolean {
  return boundBy.some(({ slot }) => slot === 'staged');
}

function isDeployed({ boundBy }: ImageState): boolean {
  return boundBy.some(({ slot }) => slot !== 'candidate');
}

function isLacking({ state }: ImageState): boolean {
  return state === 'missing' || state === 'damaged';
}
