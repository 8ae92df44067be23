import { backend } from './deployed.ts';
import { say } from './say.ts';
import { rollbackQueued } from './status.ts';
import { touchBootc } from './upgrade.ts';

/** Swaps what boots next, back too where that was done before, and drops what is staged. */
export function rollback(): void {
  const all = backend().deployments();
  const reverting = rollbackQueued();
  const next = all.find(({ kind }) => kind === (reverting ? 'booted' : 'other'));
  if (next === undefined) throw new Error('Rollback: No rollback available');
  backend().bootNext(next.id);
  touchBootc();
  say(`Next boot: ${reverting ? 'current' : 'rollback'} deployment`);
}
