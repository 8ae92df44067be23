export interface BenchResult {
  readonly name: string;
  /** What was measured: a ratio, smaller is better. */
  readonly value: number;
  /** What `value` must not exceed. */
  readonly bar: number;
  /** What the value is of: medians in ms, or counts at the registry, and how they were taken. */
  readonly detail: Readonly<Record<string, unknown>>;
}
