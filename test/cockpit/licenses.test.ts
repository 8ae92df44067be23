import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { licenseText } from '../../src/cockpit/build/licenses.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

test('has the license of each package that was bundled, once', async () => {
  await using project = await temporaryFolder();
  const packages = { '@scope/one': 'LICENSE', two: 'license.md', unused: 'LICENSE' };
  for (const [name, file] of Object.entries(packages)) {
    const folder = join(project.path, 'node_modules', name);
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, 'package.json'), '{"version":"1.2.3","license":"MIT"}');
    await writeFile(join(folder, file), `the terms of ${name}\n`);
  }
  const inputs = [
    'src/main.tsx',
    'node_modules/@scope/one/a.js',
    'node_modules/@scope/one/b.css',
    'node_modules/two/c.js',
  ];
  const text = await licenseText(project.path, inputs);
  expect(text.match(/^== .*$/gm)).toEqual(['== @scope/one 1.2.3, MIT', '== two 1.2.3, MIT']);
  expect(text).toContain('the terms of @scope/one');
  expect(text).toContain('the terms of two');
});
