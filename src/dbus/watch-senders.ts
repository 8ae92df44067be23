import { type Bus, busDriver } from './connect-bus.ts';
import { type Message, readBody } from './message.ts';

export interface SenderWatch {
  /** Aborts when the caller leaves the bus. Disposed, the bus is no longer asked about it. */
  readonly watch: (sender: string) => { readonly signal: AbortSignal } & Disposable;
  /** To be given each signal that comes. */
  readonly onSignal: (message: Message) => void;
}

/** Tells of callers that leave, by the bus's own NameOwnerChanged, which nobody else can send. */
export function createSenderWatch(bus: Bus): SenderWatch {
  const watched = new Map<string, Set<AbortController>>();

  const watch = (sender: string): { signal: AbortSignal } & Disposable => {
    const controller = new AbortController();
    const controllers = watched.get(sender) ?? new Set();
    if (controllers.size === 0) ask('AddMatch', sender);
    watched.set(sender, controllers.add(controller));
    return {
      signal: controller.signal,
      [Symbol.dispose]: () => {
        controllers.delete(controller);
        if (controllers.size > 0) return;
        watched.delete(sender);
        ask('RemoveMatch', sender);
      },
    };
  };
  const onSignal = (message: Message): void => {
    if (message.sender !== busDriver.destination || message.member !== 'NameOwnerChanged') return;
    if (message.signature !== 'sss') return;
    const [name, , owner] = readBody(message) as [string, string, string];
    if (owner === '') for (const controller of watched.get(name) ?? []) controller.abort();
  };
  const ask = (member: 'AddMatch' | 'RemoveMatch', sender: string): void =>
    bus.send({
      ...busDriver,
      kind: 'call',
      noReply: true,
      member,
      signature: 's',
      body: [`type='signal',sender='${busDriver.destination}',member='NameOwnerChanged',arg0='${sender}'`],
    });
  return { watch, onSignal };
}
