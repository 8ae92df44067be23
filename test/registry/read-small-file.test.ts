import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readSmallFile } from '../../src/registry/read-small-file.ts';
import { runProgram } from '../../src/system/run-program.ts';
import { hostRoot } from './host-root.ts';

test('reads a file, and finds none where there is none', async () => {
  const root = await hostRoot({ a: 'text', full: 'x'.repeat(1024 * 1024) });
  expect(await readSmallFile(join(root, 'a'))).toBe('text');
  expect(await readSmallFile(join(root, 'full'))).toHaveLength(1024 * 1024);
  expect(await readSmallFile(join(root, 'none'))).toBeUndefined();
  expect(await readSmallFile(join(root, 'a/b'))).toBeUndefined();
});

test('refuses what is too large, a folder, and a named pipe', async () => {
  const root = await hostRoot({ 'folder/large': 'x'.repeat(1024 * 1024 + 1) });
  await runProgram('mkfifo', [join(root, 'pipe')]);
  for (const name of ['folder/large', 'folder', 'pipe'])
    await expect(readSmallFile(join(root, name))).rejects.toMatchObject({
      code: 'BadConfiguration',
      message: expect.stringContaining(name),
    });
});
