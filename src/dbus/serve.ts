import { Failure } from '../model/failure.ts';
import type { AgentChange, HostAgent } from '../model/host-agent.ts';
import { announceChanges } from './announce.ts';
import { type Authority, createAuthority } from './authorize.ts';
import { systemBusAddress } from './bus-address.ts';
import { type Bus, busDriver, connectBus } from './connect-bus.ts';
import { isActive } from './describe.ts';
import { type DispatchParts, dispatch, errorAnswer } from './dispatch.ts';
import { refuse } from './error-names.ts';
import { interfaceXml } from './interface-text.ts';
import { type Message, type Outgoing, readBody } from './message.ts';
import { createMethods } from './methods.ts';
import { busName } from './object-path.ts';
import { createObjects } from './objects.ts';
import { parseInterfaces } from './parse-interfaces.ts';
import { createSenderWatch } from './watch-senders.ts';
import { type Wake, createWake } from './wake.ts';
import { standardXml } from './standard-interfaces.ts';
import { createStandardMethods } from './standard-methods.ts';

export interface ServeOptions {
  readonly version: string;
  /** What clients may ask for beside what version 1 of the interface always has. */
  readonly features: readonly string[];
  /** Address of the bus; the system's unless given. */
  readonly bus?: string;
  /** Without a call or a running job so long, it leaves. */
  readonly idleMs?: number;
  /** Called when the call that has started us is answered: what else there is to do begins then. */
  readonly onServing?: () => void;
  /** Aborted, it leaves at once: calls are answered and jobs cancelled. */
  readonly signal: AbortSignal;
  /** A defect of ours that a call brought to light; the caller was told nothing of it. */
  readonly onDefect: (failure: Failure) => void;
}

const idleMsUsual = 60_000;
/** Hosts of one kind do not all start and stop on the same beat. */
const idleJitterMs = 10_000;
const bodyBytesMax = 256 * 1024;
/** More of one caller's calls at once are refused: each may hold a question to polkit open for minutes. */
const callsPerSenderMax = 64;
/** The bus hands over the call that it started us for as soon as we have the name. */
const uncalledMs = 250;
/** For calls that are in flight when it leaves; a question that waits for a person is given up then. */
const patienceMs = 20_000;
/** For calls that still wait for their work by then; the bus answers them in our place (systemd would kill us after 90 s). */
const leaveMs = 60_000;

/**
 * Serves an agent as org.boundimages1, once it is open, until nobody wants it any more: it gives up the bus name, so that the bus
 * starts the next one for later calls, then answers what had come before, then returns, and the process may exit. A call meant for the
 * name is never lost between the two.
 * @throws Failure of `opening`, `Busy` where another has the name, `NotAllowed` where the bus's policy forbids it, `Transient` once the bus is gone
 */
export async function serve(opening: HostAgent | Promise<HostAgent>, options: ServeOptions): Promise<void> {
  const leaving = new AbortController();
  const impatient = new AbortController();
  const inFlight = new Map<string, number>();
  const wake = createWake(options.idleMs ?? idleMsUsual + Math.random() * idleJitterMs);
  let handle: (message: Message, tooLarge: boolean) => void = () => {};
  const address = options.bus ?? systemBusAddress(process.env);
  const connecting = connectBus(address, {
    bodyBytesMax,
    onMessage: (message, tooLarge) => handle(message, tooLarge),
  });
  const [agent, bus] = await both(opening, connecting);
  const senders = createSenderWatch(bus);
  const parts = createParts(agent, createAuthority(bus, senders, impatient.signal), leaving.signal, options);

  let hasBegun = false;
  const begin = (): void => {
    if (hasBegun || leaving.signal.aborted) return;
    hasBegun = true;
    options.onServing?.();
  };
  const answerCall = async (call: Message, tooLarge: boolean): Promise<void> => {
    const { sender = '' } = call;
    const send = (answer: Outgoing): void => {
      if (!call.noReply) bus.send(answer);
    };
    const calls = (inFlight.get(sender) ?? 0) + 1;
    inFlight.set(sender, calls);
    wake.touch();
    try {
      if (tooLarge)
        send(errorAnswer(call, refuse('LimitsExceeded', `a call has at most ${bodyBytesMax} bytes`)));
      else if (calls > callsPerSenderMax)
        send(errorAnswer(call, refuse('LimitsExceeded', `at most ${callsPerSenderMax} calls at once`)));
      else await dispatch(call, parts, send);
    } finally {
      const left = (inFlight.get(sender) ?? 1) - 1;
      if (left === 0) inFlight.delete(sender);
      else inFlight.set(sender, left);
      wake.touch();
      setImmediate(begin);
    }
  };
  handle = (message, tooLarge) => {
    if (message.kind === 'call') void answerCall(message, tooLarge);
    else if (!tooLarge) senders.onSignal(message);
  };

  const onChange = (change: AgentChange): void => {
    if (change.kind === 'job') wake.touch();
  };
  const endWake = agent.subscribe(onChange);
  const endAnnouncing = announceChanges(agent, options, parts.known, bus.send);
  const busy = (): boolean => inFlight.size > 0 || agent.jobs().some(isActive);
  try {
    await takeName(bus);
    // Where nobody has called, as when systemd was told to start us.
    setTimeout(begin, uncalledMs);
    const lost = await Promise.race([bus.lost, untilLeave(wake, busy, options.signal)]);
    if (lost !== undefined) throw lost;
    leaving.abort();
    // While the name is still ours, whose signals clients believe: how jobs end has to reach them.
    for (const job of agent.jobs()) if (isActive(job)) agent.cancel(job.id);
    await Promise.race([bus.lost, agent.drain()]);
    await bus.call({ ...busDriver, member: 'ReleaseName', signature: 's', body: [busName] });
    // The bus answered after all that it had for us by that name: what is still to be answered has come by now.
    const patience = setTimeout(() => impatient.abort(), patienceMs);
    const { promise: late, resolve: giveUp } = Promise.withResolvers<void>();
    const limit = setTimeout(giveUp, leaveMs);
    await Promise.race([bus.lost, late, wake.until(() => inFlight.size === 0)]);
    clearTimeout(limit);
    clearTimeout(patience);
  } finally {
    wake.end();
    endWake();
    endAnnouncing();
    await bus.close();
  }
}

function createParts(
  agent: HostAgent,
  authority: Authority,
  leaving: AbortSignal,
  options: ServeOptions,
): DispatchParts {
  const known = new Map([...parseInterfaces(interfaceXml), ...parseInterfaces(standardXml)]);
  const objects = createObjects(agent, options);
  const handlers = new Map([
    ...createMethods(agent, authority, leaving),
    ...createStandardMethods(agent, objects, known),
  ]);
  return { objects, known, handlers, onDefect: options.onDefect };
}

/** @throws Failure `Busy`, `NotAllowed` */
async function takeName(bus: Bus): Promise<void> {
  const doNotQueue = 4;
  const primaryOwner = 1;
  const call = { ...busDriver, member: 'RequestName', signature: 'su', body: [busName, doNotQueue] };
  const answer = await bus.call(call);
  if (answer.kind === 'error')
    throw new Failure('NotAllowed', `the bus does not let this user own ${busName} (${answer.errorName})`);
  if (readBody(answer)[0] !== primaryOwner)
    throw new Failure('Busy', `another process has the bus name ${busName}`);
}

/** The bus is connected to while the host is read. Where that fails, nobody is left at the bus. */
async function both<T>(opening: T | Promise<T>, connecting: Promise<Bus>): Promise<[T, Bus]> {
  try {
    return await Promise.all([opening, connecting]);
  } catch (error) {
    await connecting.then((bus) => bus.close()).catch(() => undefined);
    throw error;
  }
}

async function untilLeave(wake: Wake, busy: () => boolean, signal: AbortSignal): Promise<undefined> {
  if (signal.aborted) return;
  const aborted = Promise.withResolvers<void>();
  signal.addEventListener('abort', () => aborted.resolve(), { once: true });
  await Promise.race([aborted.promise, wake.idle(busy)]);
}
