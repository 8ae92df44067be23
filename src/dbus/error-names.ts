import { Failure, type FailureCode, isFailureCode } from '../model/failure.ts';

const own = 'org.boundimages1.Error.';
const standard = 'org.freedesktop.DBus.Error.';

/** Names of the D-Bus specification and of sd-bus-errors(3) that callers know. */
export type StandardError =
  | 'InvalidArgs'
  | 'UnknownObject'
  | 'UnknownInterface'
  | 'UnknownMethod'
  | 'UnknownProperty'
  | 'PropertyReadOnly'
  | 'AccessDenied'
  | 'InteractiveAuthorizationRequired'
  | 'LimitsExceeded';

/** An answer that says no. */
export interface Refusal {
  readonly kind: 'refusal';
  readonly name: string;
  readonly text: string;
}

export function refuse(name: StandardError, text: string): Refusal {
  return { kind: 'refusal', name: `${standard}${name}`, text };
}

export function refusalOf(failure: Failure): Refusal {
  return { kind: 'refusal', name: errorName(failure.code), text: failure.message };
}

export function errorName(code: FailureCode): string {
  return `${own}${code}`;
}

/** The failure that an error on the bus stands for. */
export function failureOf(name: string, text: string): Failure {
  const code = codeOf(name);
  if (code !== undefined) return new Failure(code, text);
  switch (name) {
    case `${standard}InvalidArgs`:
      return new Failure('Usage', text);
    case `${standard}UnknownObject`:
      return new Failure('NotFound', text);
    case `${standard}AccessDenied`:
    case `${standard}InteractiveAuthorizationRequired`:
      return new Failure('NotAllowed', text);
    case `${standard}ServiceUnknown`:
      return new Failure('ProgramMissing', `the service org.boundimages1 is not installed: ${text}`);
    case `${standard}NoReply`:
    case `${standard}NameHasNoOwner`:
      return new Failure('Transient', `the service ended before it answered: ${text}`);
    default:
      return new Failure('ProgramFailed', `${name}: ${text}`);
  }
}

/** Undefined for a name that is not one of ours. */
export function codeOf(name: string): FailureCode | undefined {
  const code = name.startsWith(own) ? name.slice(own.length) : '';
  return isFailureCode(code) ? code : undefined;
}
