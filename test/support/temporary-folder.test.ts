import { access, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryFolder } from './temporary-folder.ts';

test('the folder is new, writable, and gone with its content after its scope', async () => {
  let path: string;
  {
    await using one = await temporaryFolder();
    await using other = await temporaryFolder();
    expect(one.path).not.toBe(other.path);
    path = one.path;
    await mkdir(join(path, 'a', 'b'), { recursive: true });
    await writeFile(join(path, 'a', 'b', 'c'), 'text');
  }
  await expect(access(path)).rejects.toThrow('ENOENT');
});
