import type { HostAgent, JobRequest } from '../model/host-agent.ts';
import type { ImageState } from '../model/host-state.ts';
import type { Host } from './host.ts';
import { hasEnded } from './jobs.ts';

/** Who starts what nobody asked for. */
const agentUid = 0;

/**
 * Keeps a host whole by itself: after every change it completes what is staged, locked meanwhile, and repairs what a deployment lacks.
 * What has just failed waits for its turn (state/retries.ts), and what gave up for a change of configuration or logins.
 * @returns a function that ends it
 */
export function guardHost(agent: HostAgent, { memory, configuration }: Host): () => void {
  /** What the last job of ours was begun for: where it changed nothing, the same again would not either. */
  let lastReason = '';
  const begin = (request: JobRequest, reason: unknown): void => {
    const text = JSON.stringify([request.operation, reason]);
    if (text === lastReason) return;
    lastReason = text;
    agent.start(request, agentUid);
  };
  const act = (): void => {
    if (agent.jobs().some((job) => !hasEnded(job))) return;
    const { deployments, images } = agent.state();
    const staged = deployments.find(({ slot }) => slot === 'staged');
    const due = images.filter((image) => isLacking(image) && memory.nextTry(image.reference).kind === 'now');
    const lacksForStaged = due.some(({ boundBy }) => boundBy.some(({ slot }) => slot === 'staged'));
    // Ours to unlock, once it is complete.
    const isHeldByUs = staged?.state === 'ready' && memory.lockNote() !== undefined;
    if (staged !== undefined && (lacksForStaged || isHeldByUs)) {
      begin({ operation: 'upgrade', apply: false, onlyStaged: true }, [staged, due.map(triesOf)]);
      return;
    }
    if (!configuration.guard.repair) return;
    const repairable = due.filter(({ boundBy }) => boundBy.some(({ slot }) => slot !== 'candidate'));
    if (repairable.length === 0) return;
    const references = repairable.map(({ reference }) => reference);
    begin(
      { operation: 'verify', images: references, scope: 'all', deep: false, repair: true },
      repairable.map(triesOf),
    );
  };
  const triesOf = ({ reference, state }: ImageState): unknown => [
    reference,
    state,
    memory.record(reference)?.retry?.tries ?? 0,
  ];
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
