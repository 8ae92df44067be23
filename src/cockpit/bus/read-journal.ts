import { spawn } from 'cockpit';
import { sinceLastStart } from '../text/last-start.ts';
import { unitName } from './unit-name.ts';

/** The last lines that the agent's unit has in the journal, of its last start; none where the user may not read them. */
export async function readJournal(): Promise<readonly string[]> {
  const argv = ['journalctl', '--unit', unitName, '--lines=12', '--output=cat', '--no-pager', '--quiet'];
  const text = await spawn(argv, { superuser: 'try', err: 'ignore' });
  return sinceLastStart(text.split('\n').filter((line) => line !== ''));
}
