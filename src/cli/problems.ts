import { styleText } from 'node:util';
import type { Problem } from '../model/problem.ts';
import { wrap } from './table.ts';

/** A problem of a definition, or what lint found; only lint has notes. */
export interface Shown extends Omit<Problem, 'severity'> {
  readonly severity: Problem['severity'] | 'note';
}

const colours = { error: 'red', warning: 'yellow', note: 'cyan' } as const;

/** One problem as text: `FILE:LINE: severity (code)` and, below it, what is wrong, the remedy, and whether bootc fails on it. */
export function renderProblem({ file, line, severity, text, code, failsBootc }: Shown): string[] {
  const where = line === undefined ? file : `${file}:${line}`;
  const kind = styleText(colours[severity], severity, { stream: process.stdout });
  const bootc = failsBootc ? " bootc's upgrades and prunes fail on it." : '';
  return [`${where}: ${kind} (${code})`, ...wrap(text + bootc)];
}

/** The part of every JSON document about problems. */
export function problemJson({ file, line, code, text, severity, failsBootc }: Shown): object {
  return { file, line: line ?? null, code, text, severity, failsBootc };
}
