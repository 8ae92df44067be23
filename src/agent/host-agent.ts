import type { Deployment } from '../model/deployment.ts';
import type { Failure } from '../model/failure.ts';
import type { AgentChange, HostAgent, Job, JobRequest, JobResult, PlanReport } from '../model/host-agent.ts';
import type { HostState, NextBoot, Postponed } from '../model/host-state.ts';
import type { Want } from '../plan/want.ts';
import type { Requirement } from '../policy/parse-policy.ts';
import { type ImageRecord, hostState, type UnderWay } from './host-state.ts';
import type { HostStore } from './host-store.ts';
import { hostWants, verifyScope } from './host-wants.ts';
import { createJobs, hasEnded, type JobChange, type JobContext, type Jobs } from './jobs.ts';
import type { JobHistory } from './job-history.ts';
import { checkRead, type HostSurvey, type KnownCandidate, surveyHost } from './survey-host.ts';
import { unknownState } from './unknown-state.ts';

export interface HostAgentParts {
  readonly store: HostStore;
  /** From disk: it answers at once, whatever bootc is doing. */
  readonly listDeployments: () => Promise<readonly Deployment[]>;
  /** Has bootc say who plays which part. @returns whether the list is another now */
  readonly askBootc: () => Promise<boolean>;
  /**
   * Makes a store readable again that is not.
   * @param asked whether somebody wants it, whatever the configuration says
   * @returns whether it could; then it is read once more
   */
  readonly mendStore: (unreadable: Failure, asked: boolean) => Promise<boolean>;
  readonly candidate: () => KnownCandidate | undefined;
  readonly record: (reference: string) => ImageRecord | undefined;
  readonly requirements: (want: Want) => readonly Requirement[];
  /** @param completing whether a job that brings images is under way */
  readonly nextBoot: (survey: HostSurvey, completing: boolean) => NextBoot;
  readonly postponed: () => Postponed | undefined;
  readonly plan: (osImage: string, survey: HostSurvey) => Promise<PlanReport>;
  readonly run: (request: JobRequest, context: JobContext & HostContext) => Promise<JobResult>;
  readonly history: Pick<JobHistory, 'records' | 'onEnded'>;
  /** Has to have returned before the first `nextJobId`. */
  readonly prepare: () => Promise<void>;
  readonly nextJobId: () => bigint;
  readonly nowUs: () => number;
  readonly signal: AbortSignal;
}

/** What a job needs of the agent that runs it. */
export interface HostContext {
  readonly survey: () => HostSurvey;
  /** Reads the host again, as after every change that a job has made. */
  readonly refresh: () => Promise<void>;
  readonly underWay: (reference: string, state: UnderWay['state'] | undefined) => void;
  readonly bytesToFetch: (reference: string, bytes: number) => void;
}

/** How long an ended job stays to be looked at. */
const keepJobMs = 60_000;

/**
 * The agent: one view of the host, replaced whenever something changes, and the jobs that change it.
 * @throws Failure of the first look at the host: `Transient`
 */
export async function createHostAgent(parts: HostAgentParts): Promise<HostAgent> {
  const { store, listDeployments, candidate, signal, nowUs } = parts;
  const listeners = new Set<(change: AgentChange) => void>();
  const underWay = new Map<string, UnderWay>();
  const bytesToFetch = new Map<string, number>();
  let jobs: Jobs | undefined;
  let survey = await look();
  let state = shown();

  async function look(): Promise<HostSurvey> {
    const read = async (): Promise<HostSurvey> =>
      surveyHost(store, await listDeployments(), candidate(), signal);
    const found = await read();
    const isMended = found.unreadable !== undefined && (await parts.mendStore(found.unreadable, false));
    return isMended ? read() : found;
  }
  function shown(): HostState {
    const { record, requirements } = parts;
    const isBusy = jobs?.list().some(isCompleting) === true;
    const nextBoot = parts.nextBoot(survey, isBusy);
    // One that runs waits for nothing.
    const postponed = isBusy ? undefined : parts.postponed();
    const read = hostState(survey, {
      record,
      requirements,
      nextBoot,
      postponed,
      underWay,
      bytesToFetch,
      nowUs: nowUs(),
    });
    return survey.unreadable === undefined ? read : unknownState(read);
  }
  const tell = (change: AgentChange): void => {
    for (const listener of listeners) listener(change);
  };
  const show = (): void => {
    const before = state;
    state = shown();
    tell({ kind: 'state', before, after: state });
  };

  let pass: Promise<void> | undefined;
  let passAfter: Promise<void> | undefined;
  const readAgain = async (): Promise<void> => {
    survey = await look();
    show();
    // It may wait for an upgrade that is under way, whose work is shown meanwhile.
    if (!(await parts.askBootc())) return;
    survey = await look();
    show();
  };
  /** A pass that has begun may have read what has changed since: so who comes then waits for the one after it. */
  const refresh = async (): Promise<void> => {
    if (pass === undefined) {
      pass = readAgain().finally(() => {
        pass = undefined;
      });
      return pass;
    }
    passAfter ??= pass
      .catch(() => undefined)
      .then(async () => {
        passAfter = undefined;
        return refresh();
      });
    return passAfter;
  };

  const runJob = async (request: JobRequest, context: JobContext): Promise<JobResult> => {
    const touched = new Set<string>();
    try {
      if (request.operation === 'verify' && request.repair && survey.unreadable !== undefined) {
        await parts.mendStore(survey.unreadable, true);
        await refresh();
      }
      return await parts.run(request, {
        ...context,
        survey: () => survey,
        refresh,
        underWay(reference, doing) {
          // What another job is doing with it stays to be seen.
          const { id } = context.job();
          if ((underWay.get(reference)?.job ?? id) !== id) return;
          touched.add(reference);
          if (doing === undefined) underWay.delete(reference);
          else underWay.set(reference, { state: doing, job: id });
          show();
        },
        bytesToFetch: (reference, bytes) => void bytesToFetch.set(reference, bytes),
      });
    } finally {
      for (const reference of touched)
        if (underWay.get(reference)?.job === context.job().id) underWay.delete(reference);
      // Nothing is read any more while we leave, and nothing is under way either.
      if (signal.aborted) show();
      else await refresh();
    }
  };
  const created = createJobs({
    run: runJob,
    nextId: parts.nextJobId,
    nowUs,
    onChange: (change: JobChange) => {
      // Before anybody is told, so that who asks then finds it.
      const isEnd = change.kind === 'job' && hasEnded(change.after);
      if (isEnd) parts.history.onEnded(change.after);
      tell(change);
      // What is said of the host depends on whether one runs.
      if (isEnd) show();
    },
    keepMs: keepJobMs,
  });
  jobs = created;

  return {
    state: () => state,
    jobs: created.list,
    history: parts.history.records,
    subscribe(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    refresh,
    async plan(osImage) {
      checkRead(survey);
      return parts.plan(osImage, survey);
    },
    prepare: parts.prepare,
    start: (request, uid) => created.start(request, imagesOf(request, survey), uid),
    cancel: created.cancel,
    drain: created.drain,
  };
}

function isCompleting(job: Job): boolean {
  return !hasEnded(job) && (job.operation === 'prefetch' || job.operation === 'upgrade');
}

function imagesOf(request: JobRequest, survey: HostSurvey): string[] {
  if (request.operation !== 'prefetch' && request.operation !== 'verify') return [];
  // What is asked for may be refused, or mended first: the job says so.
  if (survey.unreadable !== undefined) return [];
  // What it binds is only known once it was looked at.
  if (request.operation === 'prefetch' && request.osImage !== undefined) return [];
  const scope = request.operation === 'verify' ? verifyScope(request.scope) : request.scope;
  const { assessments } = hostWants(survey, scope, request.images).survey;
  return assessments.map(({ want }) => want.image);
}
