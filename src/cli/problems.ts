import { styleText } from 'node:util';
import type { Problem } from '../model/problem.ts';
import { wrap } from './table.ts';

/** One problem as text: `FILE:LINE: severity: text`, with what bootc would do of it. */
export function renderProblem({ file, line, severity, text, code, failsBootc }: Problem): string[] {
  const where = line === undefined ? file : `${file}:${line}`;
  const kind = styleText(severity === 'error' ? 'red' : 'yellow', severity, { stream: process.stdout });
  const bootc = failsBootc ? ' bootc fails its upgrade on it.' : '';
  return [`${where}: ${kind} (${code})`, ...wrap(`${text}${bootc}`)];
}

/** The part of every JSON document about problems. */
export function problemJson({ file, line, code, text, severity, failsBootc }: Problem): object {
  return { file, line: line ?? null, code, text, severity, failsBootc };
}
