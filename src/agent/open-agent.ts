import { readConfiguration } from '../config/read-configuration.ts';
import type { JournalEntry } from '../guard/journal-entry.ts';
import { transitions } from '../guard/journal-entry.ts';
import { isLockedByUs } from '../guard/lock-note.ts';
import { verdictOf, verdictOnUnread } from '../guard/verdict.ts';
import { asFailure } from '../model/failure.ts';
import type { AgentChange, HostAgent } from '../model/host-agent.ts';
import type { HostState, NextBoot } from '../model/host-state.ts';
import { policyFor } from '../policy/policy-for.ts';
import { dayBudgetKind } from '../state/day-budget.ts';
import { fingerprint } from '../state/fingerprint.ts';
import { openDocument } from '../state/open-document.ts';
import { publish } from '../state/publish.ts';
import { openAccess } from '../prefetch/access.ts';
import { readingsOf } from './guard-readiness.ts';
import { writeJournal } from './guard-journal.ts';
import type { Host } from './host.ts';
import { createHostAgent } from './host-agent.ts';
import { hostDeployments } from './host-deployments.ts';
import { type HostMemory, nowUs, openHostMemory } from './host-memory.ts';
import { hostStore } from './host-store.ts';
import { openJobHistory } from './job-history.ts';
import { readHostPolicy } from '../prefetch/read-host-policy.ts';
import { remountSysroot } from './remount-sysroot.ts';
import type { HostSurvey } from './survey-host.ts';

export interface OpenedAgent {
  readonly agent: HostAgent;
  readonly host: Host;
  /** Writes down what is, and from then on each change: journal, and the files for other programs. */
  readonly tellChanges: () => void;
}

const stateFolder = '/var/lib/bound-images';
const statePath = '/run/bound-images/state.json';

/** Files that decide how an image is reached: what gave up is tried again when one of them changes. */
const credentialPaths = [
  '/run/ostree/auth.json',
  '/etc/ostree/auth.json',
  '/usr/lib/ostree/auth.json',
  '/etc/containers/registries.conf',
  '/etc/containers/registries.conf.d',
  '/etc/containers/registries.d',
  '/etc/containers/policy.json',
  '/etc/containers/certs.d',
];

/**
 * The agent of this host: one process at a time may have it open.
 * @throws Failure `BadConfiguration`, `Transient`
 */
export async function openAgent(
  signal: AbortSignal,
  log: (level: 'warn' | 'error', text: string) => void,
): Promise<OpenedAgent> {
  const configuration = await readConfiguration('/');
  const store = hostStore(configuration.store.mode, configuration.store.path);
  let remounted: Promise<void> | undefined;
  const makeWritable = (): Promise<void> => (remounted ??= remountSysroot(store.path));
  const readFingerprint = (): (() => string) => fingerprint(configuration, credentialPaths);
  const memory = await openHostMemory(stateFolder, readFingerprint());
  for (const damage of memory.damage) log('warn', damage);
  const journal = (entry: JournalEntry): void => {
    writeJournal(entry).catch((error: unknown) => log('warn', `${entry.text} (${asFailure(error).message})`));
  };
  const deployments = hostDeployments(signal);
  const [ledger, history] = await Promise.all([
    openDocument(stateFolder, dayBudgetKind, Date.now()),
    openJobHistory(stateFolder),
  ]);
  for (const { damage } of [ledger, history]) if (damage !== undefined) log('warn', damage);
  const host: Host = { configuration, store, deployments, memory, ledger, journal };
  const policy = await readHostPolicy();
  const agent = await createHostAgent({
    store,
    async listDeployments() {
      memory.setFingerprint(readFingerprint());
      return deployments.onDisk();
    },
    askBootc: deployments.askBootc,
    mendStore: async (unreadable, asked) => {
      if (!configuration.guard.repair && !asked) return false;
      await makeWritable();
      const { setAsideRecords } = await import('./set-aside-records.ts');
      const aside = await setAsideRecords(store.path, unreadable);
      if (aside.length === 0) return false;
      const text = `The records of ${store.path} are damaged and were set aside: ${aside.join(', ')}. All images are imported again.`;
      journal({ name: 'image-damaged', text });
      return true;
    },
    candidate: memory.candidate,
    record: memory.record,
    requirements: ({ reference }) => policyFor(policy, reference),
    nextBoot: (survey, isBusy) => nextBootOf(survey, host, isBusy),
    postponed: memory.postponed,
    plan: async (osImage, survey) => {
      const [{ lookAhead, readKnown }, { planOnHost }] = await Promise.all([
        import('./look-ahead.ts'),
        import('./host-plan.ts'),
      ]);
      await using access = openAccess('/', undefined);
      const next =
        osImage === '' ? await lookAhead(access, signal) : await readKnown(osImage, access, signal);
      return planOnHost(next, survey, access, signal);
    },
    // Loaded with the first job: whoever activates us with a question waits for the answer.
    run: async (request, context) => {
      const { runHostJob } = await import('./run-host-job.ts');
      await makeWritable();
      const { id } = context.job();
      const onReceived = (bytes: number): void => history.onReceived(id, bytes);
      const pulled: HostMemory['pulled'] = async (reference) => {
        history.onPulled(id, reference);
        await memory.pulled(reference);
      };
      return runHostJob(request, { ...host, memory: { ...memory, pulled }, onReceived }, context);
    },
    history,
    prepare: memory.prepareJobIds,
    nextJobId: memory.nextJobId,
    nowUs,
    signal,
  });
  return { agent, host, tellChanges: () => tellChanges(agent, host, log) };
}

function nextBootOf(survey: HostSurvey, { deployments, memory }: Host, completing: boolean): NextBoot {
  if (survey.unreadable !== undefined) return verdictOnUnread(survey.unreadable);
  const readings = readingsOf(survey, (reference) => memory.record(reference)?.lastError);
  const staged = readings.find(({ deployment }) => deployment.slot === 'staged')?.deployment;
  const facts = {
    rollbackQueued: deployments.rollbackQueued(),
    lockedByUs: staged !== undefined && isLockedByUs(staged, memory.lockNote()),
    completing,
  };
  return verdictOf(readings, facts).nextBoot;
}

/** Every change goes to the journal, where it is one of state, and to the files for other programs. */
function tellChanges(
  agent: HostAgent,
  { journal, configuration }: Host,
  log: (level: 'warn', text: string) => void,
): void {
  const { textfilePath } = configuration.metrics;
  const paths = { statePath, ...(textfilePath === undefined ? {} : { textfilePath }) };
  let publishing = Promise.resolve();
  let isBehind = false;
  const publishLast = async (): Promise<void> => {
    isBehind = false;
    await publish(agent.state(), paths).catch((error: unknown) => log('warn', asFailure(error).message));
  };
  /** One after another, or an older state might be written over a newer one; of those in between the last tells all. */
  const publishNext = (): void => {
    if (!isBehind) publishing = publishing.then(publishLast);
    isBehind = true;
  };
  const tell = (before: HostState | undefined, after: HostState): void => {
    for (const entry of transitions(before, after)) journal(entry);
    publishNext();
  };
  tell(undefined, agent.state());
  agent.subscribe((change: AgentChange) => {
    if (change.kind === 'state') tell(change.before, change.after);
  });
}
