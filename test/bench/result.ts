export interface BenchResult {
  readonly name: string;
  /** What was measured: a ratio, smaller is better. */
  readonly value: number;
  /** What `value` must not exceed. */
  readonly bar: number;
  /** The medians that the ratio is of, in ms, and how they were taken. */
  readonly detail: Readonly<Record<string, unknown>>;
}
