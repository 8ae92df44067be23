/** A part of each day by the local wall clock, in milliseconds after midnight. One that ends before it starts goes over midnight. */
export interface DailyWindow {
  readonly startMs: number;
  /** The first moment that is outside. */
  readonly endMs: number;
}
