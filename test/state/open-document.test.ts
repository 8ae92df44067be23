import { mkdir, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { dayBudgetKind } from '../../src/state/day-budget.ts';
import { leasesKind } from '../../src/state/leases.ts';
import { openDocument, type DocumentKind } from '../../src/state/open-document.ts';
import { changeRecord, keepRecords, recordOf, resultsKind, type Results } from '../../src/state/results.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { digestOf } from './sample.ts';

const nowMs = Date.parse('2026-11-21T08:15:00.123Z');

test('what was written is there when it is opened again, and not for others to read', async () => {
  await using folder = await temporaryFolder();
  const results = await openDocument(folder.path, resultsKind, nowMs);
  expect(results.value()).toEqual(new Map());
  const error = { code: 'Policy', text: 'no signature', atUs: 5 } as const;
  const retry = {
    class: 'policy',
    tries: 1,
    nextTryUs: 9,
    reason: 'no signature',
    fingerprint: 'f',
  } as const;
  // A name that every object has is a reference like others.
  for (const reference of ['quay.io/ex/app:1', 'constructor', '__proto__'])
    await results.update((all) =>
      changeRecord(all, reference, (record) => ({ ...record, lastPulledUs: 3, lastError: error, retry })),
    );
  expect((await stat(join(folder.path, 'results.json'))).mode & 0o777).toBe(0o600);
  const again = await openDocument(folder.path, resultsKind, nowMs);
  expect(again.damage).toBeUndefined();
  expect([...again.value().keys()]).toEqual(['quay.io/ex/app:1', 'constructor', '__proto__']);
  expect(recordOf(again.value(), '__proto__')).toEqual({
    lastPulledUs: 3,
    lastVerifiedUs: 0,
    lastError: error,
    retry,
  });
  expect(recordOf(again.value(), 'other')).toEqual({ lastPulledUs: 0, lastVerifiedUs: 0 });
  expect([...keepRecords(again.value(), new Set(['constructor'])).keys()]).toEqual(['constructor']);
});

test('leases and the day budget come back as they were', async () => {
  await using folder = await temporaryFolder();
  const lease = { holder: 'candidate', digests: [digestOf('a')], expiresUs: 7 };
  const ledger = { lastDay: '2026-11-21', bytesByDay: { '2026-11-20': 5, '2026-11-21': 0 } };
  await (await openDocument(folder.path, leasesKind, nowMs)).update(() => [lease]);
  await (await openDocument(folder.path, dayBudgetKind, nowMs)).update(() => ledger);
  expect((await openDocument(folder.path, leasesKind, nowMs)).value()).toEqual([lease]);
  expect((await openDocument(folder.path, dayBudgetKind, nowMs)).value()).toEqual(ledger);
});

const record = '{"reference":"a","lastPulledUs":0,"lastVerifiedUs":0}';

// [what, content, message]
test.each<[string, string | Buffer, string]>([
  ['empty', '', 'is not JSON'],
  ['cut', `{"version":1,"data":[${record}`, 'is not JSON'],
  ['not UTF-8', Buffer.from([0x22, 0xff, 0x22]), 'is not UTF-8 text'],
  ["somebody else's", '[]', 'is not one of our documents'],
  ['a later version', '{"version":2,"data":[]}', 'is of version 2, and not 1'],
  [
    'a wrong field',
    `{"version":1,"data":[${record.replace(':0', ':-1')}]}`,
    '0.lastPulledUs is not as it has to be',
  ],
  ['too large', ' '.repeat(resultsKind.limitBytes + 1), 'is larger than 33554432 bytes'],
])('a file that is %s is set aside and rebuilt', async (_what, content, message) => {
  await using folder = await temporaryFolder();
  await writeFile(join(folder.path, 'results.json'), content);
  const results = await openDocument(folder.path, resultsKind, nowMs);
  const aside = 'results.json.damaged-20261121T081500.123Z';
  expect(results.damage).toContain(message);
  expect(results.damage).toContain(`; it was set aside as ${join(folder.path, aside)}, and is rebuilt`);
  expect(results.value()).toEqual(new Map());
  expect(Buffer.from(content).equals(await readFile(join(folder.path, aside)))).toBe(true);
  await results.update((all) => changeRecord(all, 'a', (before) => before));
  expect((await openDocument(folder.path, resultsKind, nowMs)).damage).toBeUndefined();
});

test("three damaged files are kept, and a folder in a file's place does no harm", async () => {
  await using folder = await temporaryFolder();
  for (let count = 0; count < 5; count += 1) {
    await mkdir(join(folder.path, 'results.json/x'), { recursive: true });
    const { damage } = await openDocument(folder.path, resultsKind, nowMs + count);
    expect(damage).toContain('results.json is not a file');
  }
  expect(await readdir(folder.path)).toEqual(
    ['125', '126', '127'].map((ms) => `results.json.damaged-20261121T081500.${ms}Z`),
  );
});

test('what a kill left half written goes, what is just being written stays', async () => {
  await using folder = await temporaryFolder();
  const [old, fresh, other] = [
    '.results.json.0123456789ab',
    '.results.json.ba9876543210',
    '.results.json.mine',
  ];
  for (const name of [old, fresh, other]) await writeFile(join(folder.path, name ?? ''), 'half');
  for (const [name, atMs] of [
    [old, nowMs - 61_000],
    [fresh, nowMs],
    [other, 0],
  ] as const)
    await utimes(join(folder.path, name ?? ''), atMs / 1000, atMs / 1000);
  await openDocument(folder.path, resultsKind, nowMs);
  expect((await readdir(folder.path)).sort()).toEqual([fresh, other].sort());
});

const counters: DocumentKind<Results> = { ...resultsKind, limitBytes: 200 };

test('what could not be read again is not written', async () => {
  await using folder = await temporaryFolder();
  const document = await openDocument(folder.path, counters, nowMs);
  const add = (reference: string): Promise<void> =>
    document.update((all) => changeRecord(all, reference, (before) => before));
  await add('a');
  await expect(add('b'.repeat(200))).rejects.toMatchObject({ code: 'Internal' });
  expect([...(await openDocument(folder.path, counters, nowMs)).value().keys()]).toEqual(['a']);
});

test('a disk that refuses is a Failure, and the next update writes all', async () => {
  await using folder = await temporaryFolder();
  const inside = join(folder.path, 'state');
  const document = await openDocument(inside, resultsKind, nowMs);
  await writeFile(inside, 'in the way');
  const add = (reference: string): Promise<void> =>
    document.update((all) => changeRecord(all, reference, (before) => before));
  await expect(add('a')).rejects.toMatchObject({
    code: 'Internal',
    message: expect.stringContaining('EEXIST') as string,
  });
  await rm(inside);
  await add('b');
  expect([...(await openDocument(inside, resultsKind, nowMs)).value().keys()]).toEqual(['a', 'b']);
});

test('updates at the same time are all in the file, in their order', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.boolean(), { minLength: 1, maxLength: 20 }), async (waits) => {
      await using folder = await temporaryFolder();
      const document = await openDocument(folder.path, resultsKind, nowMs);
      const writes: Promise<void>[] = [];
      for (const [index, wait] of waits.entries()) {
        writes.push(document.update((all) => changeRecord(all, `${index}`, (before) => before)));
        if (wait) await writes.at(-1);
      }
      await Promise.all(writes);
      const again = await openDocument(folder.path, resultsKind, nowMs);
      expect([...again.value().keys()]).toEqual(waits.map((_wait, index) => `${index}`));
    }),
    { numRuns: 20 },
  );
});
