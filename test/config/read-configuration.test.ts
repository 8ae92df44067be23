import { chmod, mkdir, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { readConfiguration } from '../../src/config/read-configuration.ts';
import { runProgram } from '../../src/system/run-program.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

async function root(
  files: Record<string, string | Buffer>,
): Promise<Awaited<ReturnType<typeof temporaryFolder>>> {
  const folder = await temporaryFolder();
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder.path, path)), { recursive: true });
    await writeFile(join(folder.path, path), content);
  }
  return folder;
}

test('a host without any file has the defaults', async () => {
  await using folder = await root({});
  expect((await readConfiguration(folder.path)).fetch.parallel).toBe(6);
});

test('the vendor, the main file and drop-ins, each key by itself', async () => {
  await using folder = await root({
    '/usr/lib/bound-images.d/10-a.toml': '[fetch]\nparallel = 1\nengine = "direct"\n[log]\nlevel = "debug"',
    '/usr/lib/bound-images.d/99-z.toml': '[fetch]\nparallel = 2\n[store]\nmode = "own"',
    '/etc/bound-images.toml': '[fetch]\nparallel = 3\n[store]\nreserve = "3GB"\nretain = "all"',
    '/etc/bound-images.d/20-b.toml': '[fetch]\nparallel = 5\n[store]\nreserve = "5GB"',
    '/etc/bound-images.d/10-b.toml': '[fetch]\nparallel = 4',
    '/etc/bound-images.d/README': 'not a drop-in',
    '/etc/bound-images.d/.hidden.toml': 'nor this',
  });
  const { fetch, store, log } = await readConfiguration(folder.path);
  expect([fetch.parallel, fetch.engine, log.level]).toEqual([5, 'direct', 'debug']);
  expect(store).toEqual({ mode: 'own', reserveBytes: 5e9, retain: 'all' });
});

test("a file in /etc takes the place of the vendor's of its name, wholly", async () => {
  const vendor = '[fetch]\nparallel = 1\nengine = "direct"';
  await using folder = await root({
    '/usr/lib/bound-images.d/10-a.toml': vendor,
    '/usr/lib/bound-images.d/20-b.toml': '[log]\nlevel = "debug"',
    '/usr/lib/bound-images.d/30-c.toml': 'broken, and masked',
    '/etc/bound-images.d/10-a.toml': '[fetch]\nparallel = 2',
    '/etc/bound-images.d/20-b.toml': '',
  });
  await symlink('/dev/null', join(folder.path, '/etc/bound-images.d/30-c.toml'));
  const { fetch, log } = await readConfiguration(folder.path);
  expect([fetch.parallel, fetch.engine, log.level]).toEqual([2, 'auto', 'info']);
});

test.each([
  ['too large', '#'.repeat(64 * 1024 + 1), /bound-images\.toml is larger than 65536 bytes$/],
  ['not UTF-8', Buffer.from([0x5b, 0xff, 0x5d]), /bound-images\.toml is not UTF-8 text$/],
  ['a mistake', '[log]\nlevel = 1', /^\/etc\/bound-images\.toml:2: log\.level is 1; /],
])('%s', async (_what, content, message) => {
  await using folder = await root({ '/etc/bound-images.toml': content });
  await expect(readConfiguration(folder.path)).rejects.toMatchObject({
    code: 'BadConfiguration',
    message: expect.stringMatching(message) as string,
  });
});

test('a mistake in a file that another overrides is found all the same', async () => {
  await using folder = await root({
    '/usr/lib/bound-images.d/10-a.toml': '[log]\nlevel = "loud"',
    '/etc/bound-images.toml': '[log]\nlevel = "warn"',
  });
  await expect(readConfiguration(folder.path)).rejects.toMatchObject({
    message: expect.stringContaining('/usr/lib/bound-images.d/10-a.toml:2: log.level') as string,
  });
});

test('what is no file holds nobody up', async () => {
  await using folder = await root({ '/etc/bound-images.d/a.toml': '' });
  await runProgram('mkfifo', [join(folder.path, '/etc/bound-images.toml')]);
  await chmod(join(folder.path, '/etc/bound-images.toml'), 0o644);
  await expect(readConfiguration(folder.path)).rejects.toMatchObject({
    code: 'BadConfiguration',
    message: expect.stringMatching(/bound-images\.toml is not a file$/) as string,
  });
});
