import * as v from 'valibot';
import type { DayLedger } from '../model/day-ledger.ts';
import type { DocumentKind } from './open-document.ts';

const day = v.pipe(v.string(), v.regex(/^(?:\d{4}-\d{2}-\d{2})?$/));

export const dayBudgetKind: DocumentKind<DayLedger> = {
  name: 'day-budget.json',
  version: 1,
  limitBytes: 64 * 1024,
  schema: v.object({
    lastDay: day,
    bytesByDay: v.record(day, v.pipe(v.number(), v.finite(), v.minValue(0))),
  }),
  empty: { lastDay: '', bytesByDay: {} },
};
