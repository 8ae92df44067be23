import type { Configuration } from '../config/configuration.ts';
import type { JournalEntry } from '../guard/journal-entry.ts';
import type { HostDeployments } from './host-deployments.ts';
import type { HostMemory } from './host-memory.ts';
import type { DayLedger } from '../model/day-ledger.ts';
import type { StateDocument } from '../state/open-document.ts';
import type { HostStore } from './host-store.ts';

/** What every job on a host works with. */
export interface Host {
  readonly configuration: Configuration;
  readonly store: HostStore;
  readonly deployments: HostDeployments;
  readonly memory: HostMemory;
  /** What was downloaded on which day. */
  readonly ledger: StateDocument<DayLedger>;
  /** So many bytes more have come over the wire; absent outside of a job. */
  readonly onReceived?: (bytes: number) => void;
  /** Never waited for: that something happened does not depend on its being written down. */
  readonly journal: (entry: JournalEntry) => void;
}
