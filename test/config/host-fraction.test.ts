import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { appSpecificId, readHostFraction } from '../../src/config/host-fraction.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const machineId = '0123456789abcdef0123456789abcdef';

test('is what systemd makes of the same IDs', () => {
  // systemd-id128 machine-id --app-specific=8690773abcea451388dc74272b90cb25, on a machine with that ID.
  expect(appSpecificId(machineId, '8690773abcea451388dc74272b90cb25')).toBe(
    '480505ae6648477480266f749e5c69af',
  );
});

test.each([
  ['a machine', `${machineId}\n`, 0x480505ae6648 / 2 ** 48],
  ['a machine before its first boot', 'uninitialized\n', 0.5],
  ['an empty file', '', 0.5],
  ['no file', undefined, 0.5],
])('%s', async (_what, content, fraction) => {
  await using folder = await temporaryFolder();
  await mkdir(join(folder.path, 'etc'));
  if (content !== undefined) await writeFile(join(folder.path, 'etc/machine-id'), content);
  expect(await readHostFraction(folder.path, () => 0.5)).toBe(fraction);
});
