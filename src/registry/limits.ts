/** Everything that bounds the client. A time limit is on standing still, never on the whole of a transfer. */
export interface RegistryLimits {
  readonly connectMs: number;
  /** Between the request and the answer's headers. */
  readonly headersMs: number;
  /** Between two pieces of a body. */
  readonly bodyIdleMs: number;
  readonly headerBytes: number;
  readonly manifestBytes: number;
  readonly configBytes: number;
  readonly tokenBytes: number;
  /** Of a lookaside storage; c/image takes no larger one. */
  readonly signatureBytes: number;
  readonly redirects: number;
  /** Passes over all endpoints of a repository; `Retry=` of a quadlet overrides it. */
  readonly tries: number;
  readonly firstDelayMs: number;
  readonly maxDelayMs: number;
  /** A server that asks for a longer delay is not waited for: the caller is told. */
  readonly maxRetryAfterMs: number;
}

export const defaultLimits: RegistryLimits = {
  connectMs: 15_000,
  headersMs: 60_000,
  bodyIdleMs: 60_000,
  headerBytes: 64 * 1024,
  manifestBytes: 4 * 1024 * 1024,
  configBytes: 8 * 1024 * 1024,
  tokenBytes: 1024 * 1024,
  signatureBytes: 4 * 1024 * 1024,
  redirects: 5,
  tries: 4,
  firstDelayMs: 500,
  maxDelayMs: 30_000,
  maxRetryAfterMs: 120_000,
};
