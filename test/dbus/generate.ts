// `node test/dbus/generate.ts`: writes what src/dbus/org.boundimages1.xml is the source of. interface-text.test.ts checks that it was run.
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { moduleText } from './module-text.ts';
import { referenceText } from './reference-text.ts';

const project = join(import.meta.dirname, '..', '..');
const xml = await readFile(join(project, 'src/dbus/org.boundimages1.xml'), 'utf8');
await writeFile(join(project, 'src/dbus/interface-text.ts'), moduleText(xml));
await writeFile(join(project, 'docs/org.boundimages1.md'), referenceText(xml));
