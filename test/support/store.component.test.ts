import { access } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { busyboxLayer, makeImage, makeLayer } from './image.ts';
import { pushImage } from './push.ts';
import { startRegistry } from './registry.ts';
import { makeStore } from './store.ts';

test('an image of the store runs as a container of the host, and the store goes away', async () => {
  await using registry = await startRegistry();
  const name = `${registry.address}/app:1`;
  const command = ['/bin/sh', '-c', 'cat /message; exit 3'];
  await pushImage(
    makeImage([await busyboxLayer(), await makeLayer({ message: 'hello' })], { command }),
    name,
  );

  let path: string;
  {
    await using store = await makeStore();
    path = store.path;
    expect(await store.imageNames()).toEqual([]);
    expect(await store.podmanInside('pull', '--quiet', '--tls-verify=false', name)).toMatchObject({
      exitCode: 0,
    });
    expect(await store.imageNames()).toEqual([name]);
    expect(await store.podman('run', '--rm', '--network=none', '--pull=never', name)).toMatchObject({
      exitCode: 3,
      stdout: 'hello',
    });
    const removed = await store.podmanInside('rmi', name);
    expect(removed.exitCode).toBe(0);
    expect(await store.imageNames()).toEqual([]);
  }
  await expect(access(path)).rejects.toThrow('ENOENT');
});
