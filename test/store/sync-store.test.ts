import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { storeSync, syncStore } from '../../src/store/sync-store.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

test('a store that cannot be synced is not called written', async () => {
  await using folder = await temporaryFolder();
  await syncStore(folder.path, undefined);
  const store = join(folder.path, 'none');
  await expect(syncStore(store, undefined)).rejects.toMatchObject({
    code: 'StoreDamaged',
    message: expect.stringContaining(store),
  });
});

test('those who ask together share what comes of it, and the next who asks has another', async () => {
  await using folder = await temporaryFolder();
  const store = join(folder.path, 'store');
  const sync = storeSync(store);
  const { signal } = new AbortController();
  const first = await Promise.allSettled([sync(signal), sync(signal)]);
  expect(first.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  await mkdir(store);
  await expect(sync(signal)).resolves.toBeUndefined();
});
