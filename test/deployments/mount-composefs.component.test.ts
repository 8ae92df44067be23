import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { pack } from 'tar-stream';
import { expect, it } from 'vitest';
import { mountBelow } from '../../src/deployments/mount-composefs.ts';
import { runProgram } from '../../src/system/run-program.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

/** A tree as composefs has it: small files whole, large ones as holes that name an object (composefs, "Overlay xattrs"). */
async function makeTree(path: string, objectName: string, objectSizeBytes: number): Promise<void> {
  const tar = pack();
  const bytes = buffer(tar);
  const xattr = 'SCHILY.xattr.trusted.overlay';
  tar.entry({ name: 'small' }, 'whole');
  const header = {
    name: 'large',
    pax: { [`${xattr}.redirect`]: `/${objectName}`, [`${xattr}.metacopy`]: '' },
  };
  tar.entry(header, Buffer.alloc(objectSizeBytes));
  tar.finalize();
  await mkdir(path);
  await succeed(
    'tar',
    ['--extract', '--xattrs', '--xattrs-include=*', `--directory=${path}`],
    (await bytes).toString(),
  );
}

async function succeed(program: string, argv: readonly string[], input = ''): Promise<void> {
  const { exitCode, stderr } = await runProgram(program, argv, { input });
  expect(stderr).toBe('');
  expect(exitCode).toBe(0);
}

it('makes a tree readable with what lies in the objects, and only that', async () => {
  await using folder = await temporaryFolder();
  const [objects, image] = [join(folder.path, 'objects'), join(folder.path, 'image')];
  const content = 'of an object '.repeat(100);
  await mkdir(join(objects, 'ab'), { recursive: true });
  await writeFile(join(objects, 'ab/cdef'), content);
  await makeTree(join(folder.path, 'tree'), 'ab/cdef', content.length);
  await succeed('mkfs.erofs', ['--quiet', image, join(folder.path, 'tree')]);

  const mount = mountBelow(join(folder.path, 'roots'));
  const tree = await mount(image, objects, 'verity');
  expect(await readFile(join(tree, 'large'), 'utf8')).toBe(content);
  expect(await readFile(join(tree, 'small'), 'utf8')).toBe('whole');
  await expect(writeFile(join(tree, 'new'), '')).rejects.toThrow('EROFS');
  await expect(readFile(join(tree, 'ab/cdef'))).rejects.toThrow('ENOENT');
  expect(await mount(image, objects, 'verity')).toBe(tree);
});

it('says which image cannot be mounted', async () => {
  await using folder = await temporaryFolder();
  const image = join(folder.path, 'image');
  await writeFile(image, 'no file system');
  const mounted = mountBelow(join(folder.path, 'roots'))(image, folder.path, 'verity');
  await expect(mounted).rejects.toThrow(`${image} could not be mounted`);
});
