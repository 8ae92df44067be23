// Counts up in results.json as fast as it can, and says each number once it is written. For kill.test.ts.
import { openDocument } from '../../src/state/open-document.ts';
import { changeRecord, recordOf, resultsKind } from '../../src/state/results.ts';

const [folder = ''] = process.argv.slice(2);
const document = await openDocument(folder, resultsKind, Date.now());
for (let count = recordOf(document.value(), 'a').lastPulledUs + 1; ; count += 1) {
  await document.update((all) => changeRecord(all, 'a', (record) => ({ ...record, lastPulledUs: count })));
  process.stdout.write(`${count}\n`);
}
