/** What was downloaded on which day. Days are as `2026-11-21`, by the local wall clock. */
export interface DayLedger {
  /** The day that bytes were last counted on; '' before the first. */
  readonly lastDay: string;
  readonly bytesByDay: Readonly<Record<string, number>>;
}
