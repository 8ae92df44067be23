import { styleText } from 'node:util';
import { openAccess } from '../prefetch/access.ts';
import { fixRoot, isRoot, lintImage, lintRoot, type LintResult } from '../lint/lint.ts';
import type { Written } from '../lint/fix.ts';
import { version } from '../prefetch/version.ts';
import type { Finding } from '../bundle/finding.ts';
import type { StoreMode } from '../bundle/lint-containers.ts';
import { allRules } from '../bundle/lint-rules.ts';
import { sarifOf } from '../bundle/sarif.ts';
import { type ExitStatus, Failure } from '../model/failure.ts';
import { authFileOf } from './place.ts';
import { print, printJson, say } from './print.ts';
import { problemJson, renderProblem } from './problems.ts';

export interface LintCommandOptions {
  readonly storeMode?: string;
  readonly online?: boolean;
  /** With commas between them. */
  readonly arch?: string;
  readonly fix?: boolean;
  readonly strict?: boolean;
  readonly authfile?: string;
  readonly json?: boolean;
  readonly sarif?: boolean;
}

/** `bound-images lint [ROOT|IMAGE]`: what is wrong with what an OS image binds, before anybody installs it. */
export async function lint(
  name: string,
  options: LintCommandOptions,
  signal: AbortSignal,
): Promise<ExitStatus> {
  const { fix = false, strict = false, json = false, sarif = false } = options;
  if (json && sarif) throw new Failure('Usage', '--json and --sarif: give one of them');
  const ofRoot = isRoot(name);
  if (!ofRoot && /^[./]/.test(name)) throw new Failure('Usage', `${name}: there is no such folder`);
  if (fix && !ofRoot)
    throw new Failure('Usage', `--fix mends files, and ${name} is an image: give a root's folder`);
  await using access = openAccess(ofRoot ? name : '/', authFileOf(options));
  const settings = {
    storeMode: storeModeOf(options.storeMode),
    online: options.online ?? false,
    architectures: (options.arch ?? '').split(',').filter((each) => each !== ''),
  };
  const fixed = fix ? await fixRoot(name, settings, access, signal) : undefined;
  const result = fixed ?? (await (ofRoot ? lintRoot : lintImage)(name, settings, access, signal));
  const written = fixed?.written ?? [];
  if (sarif)
    process.stdout.write(
      `${JSON.stringify(sarifOf(result.findings, { version, root: ofRoot ? name : '/' }), undefined, 2)}\n`,
    );
  else if (json) printJson(resultJson(name, result, written));
  else {
    for (const line of written.map(writtenLine)) say(line);
    print(renderResult(result, fix));
  }
  return statusOf(result.findings, strict);
}

function storeModeOf(mode: string | undefined): StoreMode | undefined {
  if (mode === undefined || mode === 'bootc' || mode === 'own') return mode;
  throw new Failure('Usage', `--store-mode ${mode}: it is bootc or own`);
}

function statusOf(findings: readonly Finding[], strict: boolean): ExitStatus {
  const fails = findings.some(({ severity }) => severity === 'error' || (strict && severity === 'warning'));
  return fails ? 4 : 0;
}

function renderResult({ findings, boundCount, storeMode }: LintResult, fix: boolean): string[] {
  const count = (severity: Finding['severity']): number =>
    findings.filter((each) => each.severity === severity).length;
  const fixable = findings.filter(({ edits }) => edits !== undefined).length;
  const unknownStore =
    storeMode === undefined && boundCount > 0
      ? ['Which store its units have to name is not known of an image: --store-mode says it.']
      : [];
  return [
    ...findings.flatMap((each) => [...renderProblem(each), '']),
    `${plural(boundCount, 'bound image')}: ${plural(count('error'), 'error')}, ${plural(count('warning'), 'warning')}, ${plural(count('note'), 'note')}.`,
    ...(fixable > 0 && !fix ? [`--fix mends ${fixable} of them.`] : []),
    ...unknownStore,
  ];
}

function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

function writtenLine(written: Written): string {
  return written.kind === 'written'
    ? `${written.file}: ${styleText('green', 'mended', { stream: process.stderr })}`
    : `${written.file}: left as it is: ${written.reason}`;
}

function resultJson(
  name: string,
  { findings, boundCount, storeMode }: LintResult,
  written: readonly Written[],
): object {
  return {
    source: name,
    boundImages: boundCount,
    storeMode: storeMode ?? null,
    findings: findings.map((each) => ({
      ...problemJson(each),
      why: allRules.get(each.code)?.why ?? null,
      fix: allRules.get(each.code)?.fix ?? null,
      fixable: each.edits !== undefined,
    })),
    edited: written.map(({ file, ...rest }) => ({
      file,
      written: rest.kind === 'written',
      reason: rest.kind === 'left' ? rest.reason : null,
    })),
  };
}
