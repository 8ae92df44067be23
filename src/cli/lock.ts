import { styleText } from 'node:util';
import { openAccess } from '../prefetch/access.ts';
import { isRoot } from '../lint/lint.ts';
import type { Written } from '../lint/fix.ts';
import { applyLock, checkLock, type LockPlan, type LockStep, planLock } from '../lint/lock.ts';
import type { LockForm } from '../bundle/lock-line.ts';
import { shortDigest } from '../model/digest.ts';
import { type ExitStatus, Failure } from '../model/failure.ts';
import { authFileOf } from './place.ts';
import { print, printJson, say } from './print.ts';
import { problemJson, renderProblem } from './problems.ts';
import { renderTable } from './table.ts';

export interface LockCommandOptions {
  readonly update?: boolean;
  readonly check?: boolean;
  readonly dryRun?: boolean;
  readonly keepTag?: boolean;
  readonly authfile?: string;
  readonly json?: boolean;
}

/** `bound-images lock [ROOT]`: writes the digests that tags mean into the quadlets of a root. */
export async function lock(
  rootPath: string,
  options: LockCommandOptions,
  signal: AbortSignal,
): Promise<ExitStatus> {
  const { update = false, check = false, dryRun = false } = options;
  if (check && dryRun) throw new Failure('Usage', '--check and --dry-run: give one of them');
  if (!isRoot(rootPath)) throw new Failure('Usage', `${rootPath}: there is no such folder`);
  const form: LockForm = options.keepTag === true ? 'tag-and-digest' : 'comment';
  await using access = openAccess(rootPath, authFileOf(options));
  const plan =
    check && !update
      ? await checkLock(rootPath, form)
      : await planLock(rootPath, { form, update }, access, signal);
  const written = check || dryRun ? [] : await applyLock(rootPath, plan);
  for (const line of plan.problems.flatMap(renderProblem)) say(line);
  for (const each of written) if (each.kind === 'left') say(`${each.file}: left as it is: ${each.reason}`);
  if (options.json === true) printJson(planJson(rootPath, plan, written));
  else print(renderPlan(plan, check || dryRun));
  return statusOf(plan, written, check);
}

function statusOf({ steps, problems }: LockPlan, written: readonly Written[], check: boolean): ExitStatus {
  if (problems.some(({ severity }) => severity === 'error') || written.some(({ kind }) => kind === 'left'))
    return 4;
  return check && steps.some(changes) ? 3 : 0;
}

function changes({ state }: LockStep): boolean {
  return state === 'unlocked' || state === 'behind';
}

function renderPlan({ steps }: LockPlan, only: boolean): string[] {
  if (steps.length === 0) return ['No image is bound.'];
  const count = steps.filter(changes).length;
  const verb = only ? 'would be changed' : 'changed';
  return [
    ...renderTable([['IMAGE', 'LOCK', 'DIGEST'], ...steps.map((step) => row(step, only))]),
    '',
    `${count} of ${steps.length} lines ${verb}.`,
  ];
}

function row({ repository, tag, state, digest, wanted }: LockStep, only: boolean): string[] {
  const change = digest === undefined || state === 'unlocked' ? 'locked' : 'updated';
  const words = {
    locked: 'kept',
    'tag-unknown': 'kept, of no known tag',
    unlocked: only ? 'not locked' : change,
    behind: only ? 'behind' : change,
  };
  const word =
    state === 'locked' || state === 'tag-unknown'
      ? words[state]
      : styleText('yellow', words[state], { stream: process.stdout });
  const shown = wanted ?? digest;
  return [
    `${repository}${tag === undefined ? '' : `:${tag}`}`,
    word,
    shown === undefined ? '' : shortDigest(shown),
  ];
}

function planJson(rootPath: string, { steps, problems }: LockPlan, written: readonly Written[]): object {
  const files = new Map(written.map((each) => [each.file, each.kind]));
  return {
    source: rootPath,
    images: steps.map((step) => ({
      file: step.file,
      line: step.line,
      image: step.image,
      repository: step.repository,
      tag: step.tag ?? null,
      state: step.state,
      digest: step.digest ?? null,
      wantedDigest: step.wanted ?? null,
      written: changes(step) && files.get(step.file) === 'written',
    })),
    problems: problems.map(problemJson),
  };
}
