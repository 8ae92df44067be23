import { gettext as _ } from 'cockpit';

/** What to say of a call that failed: the agent's own words, or, where it was not reached, what Cockpit's name for that means. */
export function problemText(error: unknown): string {
  const { problem } = error as { readonly problem?: unknown };
  if (problem === 'not-found') return _('The service could not be started.');
  if (problem === 'access-denied') return _('Administrative access is needed.');
  return error instanceof Error ? error.message : String(error);
}
