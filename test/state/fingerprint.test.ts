import { mkdir, rename, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { fingerprint } from '../../src/state/fingerprint.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

test('changes with the configuration and each file, and only with them', async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, 'auth.json');
  const now = (): string => fingerprint({ a: 1 }, [path])();
  const seen = [now()];
  expect(now()).toBe(seen[0]);
  await writeFile(path, 'one');
  await utimes(path, 0, 0);
  seen.push(now(), fingerprint({ a: 2 }, [path])());
  // As ostree does it: another file, of the same size and time.
  await writeFile(`${path}.new`, 'two');
  await utimes(`${path}.new`, 0, 0);
  await rename(`${path}.new`, path);
  seen.push(now());
  await utimes(path, 1, 1);
  seen.push(now());
  expect(new Set(seen).size).toBe(5);
});

test('of a folder its files count, and those of its folders, as certs.d has them', async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, 'certs.d', 'registry.test', 'ca.crt');
  await mkdir(join(path, '..'), { recursive: true });
  await writeFile(path, 'one');
  const now = (): string => fingerprint({}, [join(folder.path, 'certs.d')])();
  const before = now();
  expect(now()).toBe(before);
  // In its place: no folder changes by that.
  await writeFile(path, 'another');
  expect(now()).not.toBe(before);
});
