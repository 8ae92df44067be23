import { systemBusAddress } from '../dbus/bus-address.ts';
import { busDriver, connectBus } from '../dbus/connect-bus.ts';
import { readBody } from '../dbus/message.ts';
import type { Value } from '../dbus/value.ts';
import type { BusCall } from '../fetch/metered.ts';
import { Failure } from '../model/failure.ts';

const limitMs = 5_000;
const bodyBytesMax = 64 * 1024;

/** One call on the system bus, on a connection of its own. */
export const callSystemBus: BusCall = async ({ autoStart, body, ...call }) => {
  const bus = await connectBus(systemBusAddress(process.env), { bodyBytesMax, onMessage: () => {} });
  try {
    if (!autoStart) {
      const named = { ...busDriver, member: 'NameHasOwner', signature: 's', body: [call.destination] };
      if (readBody(await bus.call(named, { limitMs }))[0] !== true)
        throw new Failure('NotFound', `${call.destination} is not running`);
    }
    const answer = await bus.call({ ...call, body: body as readonly Value[] }, { limitMs });
    if (answer.kind === 'error') throw new Failure('NotFound', `${call.destination}: ${answer.errorName}`);
    return readBody(answer);
  } finally {
    await bus.close();
  }
};
