import type { Problem } from '../model/problem.ts';
import type { Edit } from './edit-text.ts';
import { lintRules, type LintRule } from './lint-rules.ts';

/** Something that lint has to say: a problem of a definition, or what one of its own rules found. */
export interface Finding extends Omit<Problem, 'severity'> {
  /** `note`: nothing goes wrong by it alone. */
  readonly severity: Problem['severity'] | 'note';
  /** What mends it without anybody's judgement. */
  readonly edits?: readonly FileEdit[];
}

/** `file` is a path inside the root, without links. */
export type FileEdit = Edit & { readonly file: string };

/** A finding of one of lint's own rules. @param text what is wrong here and how to mend it, for a person */
export function finding(
  code: LintRule,
  place: { readonly file: string; readonly line?: number | undefined },
  text: string,
  edits?: readonly FileEdit[],
): Finding {
  const { file, line } = place;
  return {
    file,
    ...(line === undefined ? {} : { line }),
    code,
    text,
    severity: lintRules[code].severity,
    failsBootc: false,
    ...(edits === undefined ? {} : { edits }),
  };
}
