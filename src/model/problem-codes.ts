import type { Problem } from './problem.ts';

interface ProblemFacts {
  /** `either`: an error where no image comes of the definition, else a warning. */
  readonly severity: 'error' | 'warning' | 'either';
  readonly failsBootc: boolean;
}

/** Every code a definition can get. docs/problems.md explains them and is tested against this table. */
export const problemCodes = {
  'bound-images-unreadable': { severity: 'error', failsBootc: true },
  'too-many-entries': { severity: 'error', failsBootc: false },
  'name-not-utf8': { severity: 'error', failsBootc: true },
  'not-a-link': { severity: 'error', failsBootc: true },
  'wrong-extension': { severity: 'error', failsBootc: true },
  'dangling-link': { severity: 'error', failsBootc: true },
  'link-loop': { severity: 'error', failsBootc: true },
  'target-not-a-file': { severity: 'error', failsBootc: true },
  'target-unreadable': { severity: 'error', failsBootc: true },
  'target-not-utf8': { severity: 'error', failsBootc: true },
  'target-too-large': { severity: 'error', failsBootc: false },
  'bootc-syntax': { severity: 'either', failsBootc: true },
  'bootc-no-image': { severity: 'either', failsBootc: true },
  'bootc-specifier': { severity: 'either', failsBootc: true },
  'bootc-auth-file': { severity: 'either', failsBootc: true },
  'quadlet-syntax': { severity: 'either', failsBootc: false },
  'quadlet-no-image': { severity: 'either', failsBootc: false },
  'quadlet-specifier': { severity: 'either', failsBootc: false },
  'quadlet-unreadable': { severity: 'either', failsBootc: false },
  'quadlet-key': { severity: 'warning', failsBootc: false },
  'quadlet-rootfs': { severity: 'warning', failsBootc: false },
  'unit-not-found': { severity: 'error', failsBootc: false },
  'built-image': { severity: 'error', failsBootc: false },
  'unit-reference': { severity: 'warning', failsBootc: false },
  'differs-from-bootc': { severity: 'warning', failsBootc: false },
  'bad-drop-in': { severity: 'warning', failsBootc: false },
  'bad-reference': { severity: 'error', failsBootc: false },
  'image-transport': { severity: 'error', failsBootc: false },
  'short-name': { severity: 'warning', failsBootc: false },
  untagged: { severity: 'warning', failsBootc: false },
  'not-normalised': { severity: 'warning', failsBootc: false },
  'bad-value': { severity: 'warning', failsBootc: false },
  'option-specifier': { severity: 'warning', failsBootc: false },
  'unknown-argument': { severity: 'warning', failsBootc: false },
  'all-tags': { severity: 'warning', failsBootc: false },
  'image-tag': { severity: 'warning', failsBootc: false },
  'containers-conf-module': { severity: 'warning', failsBootc: false },
  'platform-conflict': { severity: 'error', failsBootc: false },
  'two-names': { severity: 'warning', failsBootc: false },
} as const satisfies Record<string, ProblemFacts>;

export type ProblemCode = keyof typeof problemCodes;

export function isProblemCode(text: string): text is ProblemCode {
  return Object.hasOwn(problemCodes, text);
}

/** Where a problem is: a path inside the root and, if it has one, its line. An Assignment is such a place. */
export interface Place {
  readonly file: string;
  readonly line?: number | undefined;
}

/** `severity` says which, for the codes that can be either. */
export function problem(
  code: ProblemCode,
  place: Place,
  text: string,
  severity: Problem['severity'] = 'error',
): Problem {
  const facts: ProblemFacts = problemCodes[code];
  return {
    file: place.file,
    ...(place.line === undefined ? {} : { line: place.line }),
    code,
    text,
    severity: facts.severity === 'either' ? severity : facts.severity,
    failsBootc: facts.failsBootc,
  };
}

/** A value out of a file, fit to be shown: quoted, without control characters, of bounded length. */
export function shown(value: string): string {
  return JSON.stringify(value.length > 200 ? `${value.slice(0, 200)}...` : value);
}
