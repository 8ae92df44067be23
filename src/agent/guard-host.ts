import type { HostAgent, JobRequest } from '../model/host-agent.ts';
import type { ImageState } from '../model/host-state.ts';
import { hasGarbage } from './gc-job.ts';
import type { Host } from './host.ts';
import { hasEnded } from './jobs.ts';

/** Who starts what nobody asked for. */
const agentUid = 0;

/**
 * Keeps a host whole by itself: after every change it completes what is staged, locked meanwhile, repairs what a deployment lacks, and
 * then removes what nothing needs, before bootc's prune meets it. What has just failed waits for its turn (state/retries.ts), and
 * what gave up for a change of configuration or logins.
 * @returns a function that ends it
 */
export function guardHost(agent: HostAgent, host: Host, signal: AbortSignal): () => void {
  const { memory, configuration } = host;
  /** What each was last begun for: where it changed nothing, the same again would not either. */
  const reasons = new Map<string, string>();
  const isNews = (what: string, reason: unknown): boolean => {
    const text = JSON.stringify(reason);
    if (reasons.get(what) === text) return false;
    reasons.set(what, text);
    return true;
  };
  const begin = (request: JobRequest): void => void agent.start(request, agentUid);
  const isBusy = (): boolean => agent.jobs().some((job) => !hasEnded(job));
  const triesOf = ({ reference, state }: ImageState): unknown => [
    reference,
    state,
    memory.record(reference)?.retry?.tries ?? 0,
  ];

  const act = (): void => {
    if (isBusy()) return;
    const { deployments, images } = agent.state();
    const staged = deployments.find(({ slot }) => slot === 'staged');
    const due = images.filter((image) => isLacking(image) && memory.nextTry(image.reference).kind === 'now');
    const lacksForStaged = due.some(({ boundBy }) => boundBy.some(({ slot }) => slot === 'staged'));
    // Ours to unlock, once it is complete.
    const isHeldByUs = staged?.state === 'ready' && memory.lockNote() !== undefined;
    const completes = staged !== undefined && (lacksForStaged || isHeldByUs);
    if (completes && isNews('staged', [staged, due.map(triesOf)])) {
      begin({ operation: 'upgrade', apply: false, onlyStaged: true });
      return;
    }
    const repairable = due.filter(({ boundBy }) => boundBy.some(({ slot }) => slot !== 'candidate'));
    if (configuration.guard.repair && repairable.length > 0 && isNews('repair', repairable.map(triesOf))) {
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
    if (isNews('garbage', [deployments, images.map(({ reference, digest }) => [reference, digest])]))
      void collect();
  };
  const collect = async (): Promise<void> => {
    try {
      // A job is for people to see; that there is nothing to do is none.
      if ((await hasGarbage(host, signal)) && !isBusy()) begin({ operation: 'gc', dryRun: false });
    } catch {
      // Whoever asks for a gc is told why it cannot be done.
    }
  };
  const end = agent.subscribe(({ kind }) => {
    if (kind !== 'job-removed') queueMicrotask(act);
  });
  act();
  return end;
}

/** When the first of the images that are lacking may be tried again; undefined where none waits. Microseconds since the epoch. */
export function nextTurnUs(agent: HostAgent, { memory }: Host): number | undefined {
  const turns = agent
    .state()
    .images.filter(isLacking)
    .flatMap(({ reference }) => {
      const next = memory.nextTry(reference);
      return next.kind === 'now' ? [] : next.untilUs;
    });
  return turns.length === 0 ? undefined : Math.min(...turns);
}

function isLacking({ state }: ImageState): boolean {
  return state === 'missing' || state === 'damaged';
}
