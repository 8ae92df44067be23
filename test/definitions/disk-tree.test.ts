import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { diskTree } from '../../src/definitions/disk-tree.ts';
import { Failure } from '../../src/model/failure.ts';

let folder: string;
let root: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'disk-tree-'));
  root = join(folder, 'root');
  mkdirSync(join(root, 'usr/lib'), { recursive: true });
  writeFileSync(join(root, 'usr/lib/file'), 'inside');
  writeFileSync(join(folder, 'secret'), 'outside');
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

test('shows what is there, links as links', async () => {
  symlinkSync('/etc/passwd', join(root, 'link'));
  execFileSync('/usr/bin/mkfifo', [join(root, 'pipe')]);
  const tree = diskTree(root);
  expect(await tree.lstat('/')).toEqual({ kind: 'folder' });
  expect(await tree.lstat('/usr/lib/file')).toEqual({ kind: 'file', sizeBytes: 6 });
  expect(await tree.lstat('/link')).toEqual({ kind: 'link', target: '/etc/passwd' });
  expect(await tree.lstat('/pipe')).toEqual({ kind: 'other' });
  expect(await tree.lstat('/none')).toBeUndefined();
  expect(await tree.lstat('/../secret')).toBeUndefined();
  expect(await tree.lstat('/usr/lib/file/below')).toBeUndefined();
  expect(await tree.lstat(`/${'x'.repeat(300)}`)).toBeUndefined();
  expect(await tree.list('/')).toEqual({
    names: ['link', 'pipe', 'usr'],
    undecodable: [],
    entries: new Map([
      ['link', { kind: 'link', target: '/etc/passwd' }],
      ['pipe', { kind: 'other' }],
      ['usr', { kind: 'folder' }],
    ]),
  });
  expect((await tree.list('/usr/lib')).entries).toEqual(new Map([['file', { kind: 'file' }]]));
  expect((await tree.read('/usr/lib/file', 6)).toString()).toBe('inside');
});

test('a root that is itself reached over a link', async () => {
  symlinkSync('root', join(folder, 'current'));
  expect((await diskTree(join(folder, 'current')).read('/usr/lib/file', 100)).toString()).toBe('inside');
});

test('names that are not UTF-8 are listed as such', async () => {
  writeFileSync(Buffer.concat([Buffer.from(join(root, 'bad-')), Buffer.from([0xff, 0xe9])]), '');
  writeFileSync(join(root, 'ä\ufeff'), '');
  const { names, undecodable } = await diskTree(root).list('/');
  expect(undecodable).toEqual(['bad-\\xff\\xe9']);
  expect(names).toEqual(['bad-\\xff\\xe9', 'usr', 'ä\ufeff']);
});

test.each([
  ['a file beyond the limit', '/usr/lib/file', 5, 'larger'],
  ['a folder', '/usr', 5, 'not a regular file'],
  ['what is not there', '/none', 5, 'ENOENT'],
  ['a link', '/link', 5, 'ELOOP'],
  ['a pipe, without waiting for it', '/pipe', 5, 'not a regular file'],
])('does not read %s', async (_, path, limitBytes, reason) => {
  symlinkSync('usr/lib/file', join(root, 'link'));
  execFileSync('/usr/bin/mkfifo', [join(root, 'pipe')]);
  const reading = diskTree(root).read(path, limitBytes);
  await expect(reading).rejects.toThrow(reason);
  await expect(reading).rejects.toBeInstanceOf(Failure);
});

test('a folder exchanged for a link leads nowhere', async () => {
  const tree = diskTree(root);
  expect(await tree.lstat('/usr/lib')).toEqual({ kind: 'folder' });
  renameSync(join(root, 'usr/lib'), join(root, 'usr/was-lib'));
  symlinkSync(folder, join(root, 'usr/lib'));
  await expect(tree.read('/usr/lib/secret', 100)).rejects.toThrow('exchanged');
  await expect(tree.list('/usr/lib')).rejects.toBeInstanceOf(Failure);
  await expect(tree.list('/usr/lib/root')).rejects.toThrow('exchanged');
});

test('a file without read permission is a failure of its own', async () => {
  // Root may read everything but what is no file: /proc/self/mem of the root "/proc" answers reads with EIO.
  await expect(diskTree('/proc').read('/1/mem', 10)).rejects.toBeInstanceOf(Failure);
});
