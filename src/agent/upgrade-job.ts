import {
  applyDownloaded,
  lockFinalization,
  stage,
  stageLocked,
  supportsDownloadOnly,
  unlockFinalization,
} from '../deployments/bootc.ts';
import { awaitStagingEnd } from '../deployments/sysroot-lock.ts';
import type { Candidate, GateGoal, GateStep, GateView } from '../guard/next-step.ts';
import { asFailure, Failure } from '../model/failure.ts';
import type { Scope } from '../model/host-agent.ts';
import { lastLine, runProgram } from '../system/run-program.ts';
import { openAccess } from '../prefetch/access.ts';
import { type GateEffects, passGate } from './gate.ts';
import { lackingOf, readingsOf } from './guard-readiness.ts';
import type { Host } from './host.ts';
import type { HostContext } from './host-agent.ts';
import type { JobContext } from './jobs.ts';
import { lookAhead } from './look-ahead.ts';
import { prefetchScope } from './prefetch-job.ts';
import { type Binder, checkRead, type HostSurvey, surveyHost } from './survey-host.ts';

/** bootc pulls what it stages one after another, and holds its lock until the last is there. */
const stagingLimitMs = 2 * 3_600_000;

/**
 * The job `upgrade`: stages what the registry has, so that it boots only with all its images; with the goal `staged`, completes what
 * somebody else has staged.
 * @throws Failure `NotReady`, `Definitions`, `Busy`, `Cancelled`, why the store could not be read, and those of bootc
 */
export async function upgradeJob(
  goal: GateGoal,
  host: Host,
  context: JobContext & HostContext,
): Promise<void> {
  await passGate(goal, await gateEffects(host, context), context.signal);
}

async function gateEffects(host: Host, context: JobContext & HostContext): Promise<GateEffects> {
  const { deployments, memory, store, journal } = host;
  const { signal, update } = context;
  const lastError = (reference: string): ReturnType<typeof errorOf> => errorOf(host, reference);
  const can = {
    downloadOnly: await supportsDownloadOnly({ signal }),
    lockFinalization: await canLock(signal),
  };
  const read = async (): Promise<HostSurvey> => {
    const survey = await surveyHost(store, await deployments.listNow(signal), memory.candidate(), signal);
    checkRead(survey);
    return survey;
  };
  const bring = async (scope: Scope): Promise<void> => {
    await context.refresh();
    // What fails for one image alone, the next look says with its reason.
    await prefetchScope(scope, [], context, host).catch(unlessEnds);
  };
  const asCandidate = async (): Promise<Candidate> => {
    const survey = await read();
    const known = memory.candidate();
    if (known === undefined) throw new Failure('NotBootcHost', 'bootc does not say what it would upgrade to');
    // bootc names an image by its manifest's digest or by that of the index it was chosen from.
    const deployed = new Set(
      survey.binders.flatMap(({ slot, digest }) => (slot === 'candidate' ? [] : (digest ?? []))),
    );
    const { digest, indexDigest = digest } = known;
    const binder = survey.binders.find(({ slot }) => slot === 'candidate');
    const lacks = binder === undefined ? { lacking: [], unreadable: 0 } : lackingOf(binder, lastError);
    return { digest: deployed.has(indexDigest) ? indexDigest : digest, ...lacks };
  };
  return {
    awaitStagingEnd: async () => awaitStagingEnd(signal, stagingLimitMs),
    async view(): Promise<GateView> {
      const survey = await read();
      const staged = readingsOf(survey, lastError).find(({ deployment }) => deployment.slot === 'staged');
      const booted = survey.binders.find(({ slot }) => slot === 'booted');
      const note = memory.lockNote();
      return {
        ...(booted === undefined ? {} : { booted: digestOf(booted) }),
        ...(staged === undefined ? {} : { staged }),
        ...(note === undefined ? {} : { note }),
        can,
      };
    },
    async lookAhead() {
      await using access = openAccess('/', undefined);
      await memory.setCandidate(await lookAhead(access, signal));
      return asCandidate();
    },
    async prefetchCandidate() {
      await bring('candidate');
      return asCandidate();
    },
    stage: async (locked) => (locked ? stageLocked({ signal }) : stage({ signal })),
    complete: async () => bring('staged'),
    lock: async (by, id) => {
      if (by === 'ostree') await lockFinalization({ signal });
      else await stageLocked({ signal });
      journal({
        name: 'staged-locked',
        text: `The staged deployment ${id} is locked until it has all its images.`,
      });
    },
    unlock: async (by, id) => {
      if (by === 'ostree') await unlockFinalization({ signal });
      else await applyDownloaded(false, { signal });
      journal({
        name: 'staged-unlocked',
        text: `The staged deployment ${id} has all its images, and boots next.`,
      });
    },
    async reboot() {
      journal({ name: 'rebooting', text: 'Rebooting into the staged deployment, which has all its images.' });
      const { exitCode, stderr } = await runProgram('systemctl', ['reboot'], { limitMs: 60_000 });
      if (exitCode !== 0) throw new Failure('ProgramFailed', `systemctl reboot failed: ${lastLine(stderr)}`);
    },
    remember: memory.setLockNote,
    onStep: (step) => update({ currentImage: '', cancelable: isCancelable(step) }),
    onAlarm: (failure) => journal({ name: 'upgrade-alarm', text: failure.message }),
  };
}

function digestOf({ digest }: Binder): Pick<Binder, 'digest'> {
  return digest === undefined ? {} : { digest };
}

function errorOf({ memory }: Host, reference: string): { code: Failure['code']; text: string } | undefined {
  return memory.record(reference)?.lastError;
}

/** bootc is not left in the middle of a change; what it does after that is short. */
function isCancelable({ kind }: GateStep): boolean {
  return kind !== 'unlock' && kind !== 'reboot';
}

/** Older versions of ostree have no such command, and a host of the composefs backend may have no ostree. */
async function canLock(signal: AbortSignal): Promise<boolean> {
  try {
    const { stdout, exitCode } = await runProgram('ostree', ['admin', '--help'], { signal, limitMs: 30_000 });
    return exitCode === 0 && stdout.includes('lock-finalization');
  } catch (error) {
    if (asFailure(error).code === 'ProgramMissing') return false;
    throw error;
  }
}

function unlessEnds(error: unknown): void {
  const { code } = asFailure(error);
  if (code === 'Cancelled' || code === 'Internal') throw error;
}
