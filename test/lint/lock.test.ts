import { createHash } from 'node:crypto';
import { cp, mkdir, readdir, readFile, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import type { Access } from '../../src/prefetch/access.ts';
import { applyLock, checkLock, type LockOptions, planLock } from '../../src/lint/lock.ts';
import { asDigest, type Digest } from '../../src/model/digest.ts';
import { Failure } from '../../src/model/failure.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const golden = join(import.meta.dirname, 'lock-golden');
const { signal } = new AbortController();

let root: string;
let asked: string[];
beforeEach(async () => {
  const temporary = await temporaryFolder();
  onTestFinished(() => temporary[Symbol.asyncDispose]());
  root = join(temporary.path, 'root');
  asked = [];
});

/** A registry whose tags mean the hash of their name: what a lock asks for, and how often, is what is looked at. */
const access = {
  resolveDigest: async (want: { image: string }): Promise<Digest> => {
    asked.push(want.image);
    if (want.image.includes('gone')) throw new Failure('NotFound', `${want.image} is not there`);
    const digest = asDigest(`sha256:${createHash('sha256').update(want.image).digest('hex')}`);
    if (digest === undefined) throw new Error('not reached');
    return digest;
  },
} as unknown as Access;

async function lock(options: LockOptions): Promise<void> {
  const written = await applyLock(root, await planLock(root, options, access, signal));
  expect(written.filter(({ kind }) => kind === 'left')).toEqual([]);
}

async function filesOf(folder: string): Promise<Record<string, string>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const texts = await Promise.all(
    files.map(async (path) => [path.slice(folder.length), await readFile(path, 'utf8')]),
  );
  return Object.fromEntries(texts) as Record<string, string>;
}

const comment = { form: 'comment', update: false } as const;
const cases: Record<string, LockOptions> = {
  layout: comment,
  'drop-in': comment,
  forms: comment,
  'forms-update': { form: 'comment', update: true },
  'forms-keep-tag': { form: 'tag-and-digest', update: false },
  loose: comment,
};

test('every golden folder is a case', async () => {
  expect((await readdir(golden)).sort()).toEqual(Object.keys(cases).sort());
});

test.for(Object.entries(cases))(
  '%s: every other byte stays, and a second lock changes nothing',
  async ([name, options]) => {
    await cp(join(golden, name, 'before'), root, { recursive: true, verbatimSymlinks: true });
    await lock(options);
    expect(await filesOf(root)).toEqual(await filesOf(join(golden, name, 'after')));
    expect(asked).toEqual([...new Set(asked)]);

    const old = new Date(0);
    const paths = Object.keys(await filesOf(root)).map((path) => join(root, path));
    for (const path of paths) await utimes(path, old, old);
    asked = [];
    await lock(options);
    for (const path of paths) expect((await stat(path)).mtimeMs).toBe(0);
    if (!options.update) expect(asked).toEqual([]);
    const { steps } = await checkLock(root, options.form);
    expect(steps.filter(({ state }) => state === 'unlocked' || state === 'behind')).toEqual([]);
  },
);

test('where a registry does not answer for one image, nothing is written', async () => {
  await mkdir(root);
  const texts = {
    '/a.image': '[Image]\nImage=quay.io/ex/a:1\n',
    '/b.image': '[Image]\nImage=quay.io/ex/gone:1\n',
  };
  for (const [path, text] of Object.entries(texts)) await writeFile(root + path, text);
  await expect(lock(comment)).rejects.toMatchObject({ code: 'NotFound' });
  expect(await filesOf(root)).toEqual(texts);
});

test('a file keeps its mode, and is never written through a link out of the root', async () => {
  await mkdir(join(root, 'usr/lib/bootc/bound-images.d'), { recursive: true });
  await mkdir(join(root, 'usr/share/app'), { recursive: true });
  const outside = join(root, '../outside.image');
  await writeFile(outside, '[Image]\nImage=quay.io/ex/outside:1\n');
  await writeFile(join(root, 'usr/share/app/app.image'), '[Image]\nImage=quay.io/ex/app:1\n', {
    mode: 0o640,
  });
  await symlink(outside, join(root, 'usr/lib/bootc/bound-images.d/outside.image'));
  await symlink('/usr/share/app/app.image', join(root, 'usr/lib/bootc/bound-images.d/app.image'));
  const plan = await planLock(root, comment, access, signal);
  expect(plan.problems).toMatchObject([{ code: 'dangling-link' }]);
  await applyLock(root, plan);
  expect(await readFile(outside, 'utf8')).toContain('outside:1');
  expect((await stat(join(root, 'usr/share/app/app.image'))).mode & 0o777).toBe(0o640);
  expect(asked).toEqual(['quay.io/ex/app:1']);

  // A folder that became a link between reading and writing.
  await rm(join(root, 'usr/share/app/app.image'));
  await writeFile(join(root, 'usr/share/app/app.image'), '[Image]\nImage=quay.io/ex/app:1\n');
  const again = await planLock(root, comment, access, signal);
  await cp(join(root, 'usr/share/app'), join(root, '../app'), { recursive: true });
  await rm(join(root, 'usr/share/app'), { recursive: true });
  await symlink(join(root, '../app'), join(root, 'usr/share/app'));
  expect(await applyLock(root, again)).toMatchObject([{ kind: 'left' }]);
  expect(await readFile(join(root, '../app/app.image'), 'utf8')).toContain('app:1\n');
});

test('Renovate finds what was locked as docs/lint.md has it, and what it writes is a lock', async () => {
  const page = await readFile(new URL('../../docs/lint.md', import.meta.url), 'utf8');
  const [, json = ''] = /```json\n(.*?)```/s.exec(page) ?? [];
  const { customManagers } = JSON.parse(json) as {
    customManagers: [
      { managerFilePatterns: [string]; matchStrings: [string]; autoReplaceStringTemplate: string },
    ];
  };
  const [{ managerFilePatterns, matchStrings, autoReplaceStringTemplate }] = customManagers;
  await cp(join(golden, 'loose/after'), root, { recursive: true });
  const path = join(root, 'web.container');
  expect(path).toMatch(new RegExp(managerFilePatterns[0].slice(1, -1)));
  const text = await readFile(path, 'utf8');
  const found = new RegExp(matchStrings[0]).exec(text);
  expect(found?.groups).toMatchObject({
    datasource: 'docker',
    depName: 'quay.io/ex/web',
    currentValue: '1.2',
  });
  const values: Record<string, string> = {
    depName: 'quay.io/ex/web',
    newValue: '1.3',
    newDigest: `sha256:${'3'.repeat(64)}`,
  };
  const replaced = autoReplaceStringTemplate.replaceAll(
    /\{\{\{(\w+)\}\}\}/g,
    (_, key: string) => values[key] ?? '',
  );
  await writeFile(path, text.replace(found?.[0] ?? '', replaced));
  const { steps } = await checkLock(root, 'comment');
  expect(steps.find(({ file }) => file === '/web.container')).toMatchObject({
    state: 'locked',
    tag: '1.3',
    digest: values['newDigest'],
  });
});
