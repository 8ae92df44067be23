/** What is known of each failure: its exit status (bound-images(1)) and whether trying again later can help. */
const facts = {
  Usage: { exitStatus: 2, retry: false },
  Cancelled: { exitStatus: 1, retry: false },
  NotBootcHost: { exitStatus: 5, retry: false },
  Definitions: { exitStatus: 4, retry: false },
  StoreDamaged: { exitStatus: 1, retry: false },
  StoreUnknown: { exitStatus: 1, retry: false },
  ProgramMissing: { exitStatus: 1, retry: false },
  ProgramFailed: { exitStatus: 1, retry: false },
  ProgramOutput: { exitStatus: 1, retry: false },
  TimedOut: { exitStatus: 1, retry: true },
  Transient: { exitStatus: 1, retry: true },
  Authentication: { exitStatus: 1, retry: false },
  NotFound: { exitStatus: 1, retry: false },
  Policy: { exitStatus: 1, retry: false },
  NoSpace: { exitStatus: 1, retry: false },
  DigestMismatch: { exitStatus: 1, retry: false },
  BadContent: { exitStatus: 1, retry: false },
  BadConfiguration: { exitStatus: 1, retry: false },
  /** The network is metered, the download window closed, or the day's bytes are spent. */
  Postponed: { exitStatus: 3, retry: true },
  /** Another run has the lock. */
  Busy: { exitStatus: 1, retry: true },
  /** What would boot lacks images. */
  NotReady: { exitStatus: 3, retry: true },
  /** polkit, or whoever decides, says no. */
  NotAllowed: { exitStatus: 1, retry: false },
  Internal: { exitStatus: 1, retry: false },
} as const satisfies Record<string, { exitStatus: ExitStatus; retry: boolean }>;

/** 0 ready; 1 failed; 2 usage; 3 something missing; 4 a definition that cannot be honoured; 5 not a bootc host. */
export type ExitStatus = 0 | 1 | 2 | 3 | 4 | 5;

export type FailureCode = keyof typeof facts;

export function isFailureCode(text: string): text is FailureCode {
  return Object.hasOwn(facts, text);
}

/** The one error class. `message` is for a person: what happened, to which file or image, and the remedy. */
export class Failure extends Error {
  override readonly name = 'Failure';
  readonly code: FailureCode;
  /** Delay that a server asked for before the next try, in milliseconds. */
  readonly retryAfterMs: number | undefined;

  constructor(code: FailureCode, message: string, options: { cause?: unknown; retryAfterMs?: number } = {}) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined);
    this.code = code;
    this.retryAfterMs = options.retryAfterMs;
  }

  get exitStatus(): ExitStatus {
    return facts[this.code].exitStatus;
  }

  get retry(): boolean {
    return facts[this.code].retry;
  }
}

/** Any thrown value as a Failure; what is not one already is a defect of ours and becomes `Internal`. */
export function asFailure(thrown: unknown): Failure {
  if (thrown instanceof Failure) return thrown;
  if (thrown instanceof Error && thrown.name === 'AbortError')
    return new Failure('Cancelled', 'cancelled', { cause: thrown });
  return new Failure('Internal', thrown instanceof Error ? thrown.message : String(thrown), {
    cause: thrown,
  });
}
