import { join } from 'node:path';
import { expect, test } from 'vitest';
import { syncStore } from '../../src/store/sync-store.ts';
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
