import { once } from 'node:events';
import dbus from 'dbus-next';
import { expect, test, vi } from 'vitest';
import { connectAgent } from '../../src/dbus/client.ts';
import { serve } from '../../src/dbus/serve.ts';
import { memoryAgent, memoryImage } from './memory-agent.ts';
import { privateBus } from './private-bus.ts';

// Our own client and service could agree on a mistake: here another implementation of D-Bus, which shares no line with ours, talks to
// the service as any program would that knows nothing but its introspection.

const busName = 'org.boundimages1';
const rootPath = '/org/boundimages1';

test('a client of another library introspects, reads, calls and hears of changes', async () => {
  await using daemon = await privateBus();
  const agent = memoryAgent([memoryImage('quay.io/ex/app:1')], 7n);
  const stop = new AbortController();
  const options = { version: '1.2.3', features: [], bus: daemon.address, signal: stop.signal };
  const served = serve(agent, { ...options, onDefect: () => {} });
  await using own = await connectAgent({ bus: daemon.address });
  // The bus queues nothing for a name that is not there yet.
  await vi.waitFor(async () => own.state());
  const bus = dbus.sessionBus({ busAddress: daemon.address });
  try {
    const object = await bus.getProxyObject(busName, rootPath);
    expect(object.nodes).toContain(`${rootPath}/image`);
    const properties = object.getInterface('org.freedesktop.DBus.Properties');
    const version = await called(properties, 'Get', 'org.boundimages1.Manager', 'Version');
    expect(version).toEqual(new dbus.Variant('s', '1.2.3'));

    const manager = object.getInterface('org.boundimages1.Manager');
    const path = await called<string>(manager, 'GetImage', 'quay.io/ex/app:1');
    const objects = object.getInterface('org.freedesktop.DBus.ObjectManager');
    const managed = await called<Record<string, Record<string, Record<string, dbus.Variant>>>>(
      objects,
      'GetManagedObjects',
    );
    expect(managed[path]?.['org.boundimages1.Image']?.['Reference']?.value).toBe('quay.io/ex/app:1');

    const added = once(objects, 'InterfacesAdded');
    const [id, job] = await called<[bigint, string]>(manager, 'CollectGarbage', {
      'dry-run': new dbus.Variant('b', true),
    });
    const [addedPath, interfaces] = await added;
    expect([addedPath, interfaces['org.boundimages1.Job'].Id.value]).toEqual([job, id]);

    await expect(called(manager, 'Refresh', { nonsense: new dbus.Variant('b', true) })).rejects.toMatchObject(
      {
        type: 'org.freedesktop.DBus.Error.InvalidArgs',
      },
    );
  } finally {
    bus.disconnect();
    stop.abort();
    await served;
  }
});

/** dbus-next makes a function of each method that the introspection shows. */
async function called<T>(on: dbus.ClientInterface, method: string, ...args: readonly unknown[]): Promise<T> {
  const call = on[method] as ((...args: readonly unknown[]) => Promise<T>) | undefined;
  if (call === undefined) throw new Error(`the introspection shows no ${method}`);
  return call(...args);
}
