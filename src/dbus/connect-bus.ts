import { type Socket, createConnection } from 'node:net';
import { Failure } from '../model/failure.ts';
import { socketPath } from './bus-address.ts';
import { type Frame, createFrames } from './frames.ts';
import { type Message, type Outgoing, readMessage, writeMessage } from './message.ts';

export interface Bus {
  /** Our unique name. */
  readonly name: string;
  readonly send: (message: Outgoing) => void;
  /** @returns the answer, an error of the other side's too. @throws Failure `TimedOut`, `Cancelled`, `Transient` (the bus is gone) */
  readonly call: (call: Call, options?: CallOptions) => Promise<Message>;
  /** Resolves with the reason once the connection is gone, for whatever reason but `close`. */
  readonly lost: Promise<Failure>;
  /** Returns when the bus has taken what was sent. Nothing is sent after it. */
  readonly close: () => Promise<void>;
}

export interface Call extends Omit<Outgoing, 'kind' | 'replySerial' | 'errorName'> {
  readonly destination: string;
  readonly path: string;
  readonly interface: string;
  readonly member: string;
}

export interface CallOptions {
  readonly limitMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface BusOptions {
  /** Of an incoming message's body. */
  readonly bodyBytesMax: number;
  /** Calls and signals. A call whose body was too large comes without it, and `tooLarge`. Nothing may be thrown. */
  readonly onMessage: (message: Message, tooLarge: boolean) => void;
}

/** Beyond it nothing is read before the bus has taken some: answers to one who asks faster than he reads would pile up. */
const unsentBytesMax = 4 * 1024 * 1024;
const callLimitMs = 25_000;
const connectLimitMs = 25_000;
const closeLimitMs = 5_000;

export const busDriver = {
  destination: 'org.freedesktop.DBus',
  path: '/org/freedesktop/DBus',
  interface: 'org.freedesktop.DBus',
} as const;

/**
 * Connects to a bus, says who we are by the socket's own credentials (EXTERNAL, no other way), and has a name when it returns.
 * @throws Failure `Transient` where there is no bus or it refuses us, `BadConfiguration`
 */
export async function connectBus(address: string, options: BusOptions): Promise<Bus> {
  const socket = createConnection(socketPath(address));
  const answers = new Map<number, (answer: Message | Failure) => void>();
  const lost = Promise.withResolvers<Failure>();
  let ended: Failure | undefined;
  let serial = 0;

  const end = (why: Failure): void => {
    if (ended !== undefined) return;
    ended = why;
    socket.destroy();
    for (const settle of answers.values()) settle(why);
    lost.resolve(why);
  };
  const write = (bytes: Buffer): void => {
    socket.write(bytes);
    if (socket.writableLength > unsentBytesMax) socket.pause();
  };
  const send = (message: Outgoing): number => {
    // 0 is no serial, and 32 bits are all there is.
    serial = serial >= 0xffffffff ? 1 : serial + 1;
    if (ended === undefined) write(writeMessage(message, serial));
    return serial;
  };
  const call = async (call: Call, { limitMs = callLimitMs, signal }: CallOptions = {}): Promise<Message> => {
    if (ended !== undefined) throw ended;
    if (signal?.aborted) throw new Failure('Cancelled', `${call.member} was cancelled`);
    const { promise, resolve } = Promise.withResolvers<Message | Failure>();
    const sent = send({ ...call, kind: 'call' });
    answers.set(sent, resolve);
    const seconds = Math.round(limitMs / 1000);
    const timer = setTimeout(
      () =>
        resolve(
          new Failure('TimedOut', `${call.destination} did not answer ${call.member} within ${seconds} s`),
        ),
      limitMs,
    );
    const onAbort = (): void => resolve(new Failure('Cancelled', `${call.member} was cancelled`));
    signal?.addEventListener('abort', onAbort, { once: true });
    try {
      const answer = await promise;
      if (answer instanceof Failure) throw answer;
      return answer;
    } finally {
      answers.delete(sent);
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
    }
  };
  const take = ({ bytes, tooLarge }: Frame): void => {
    const message = messageIn(bytes);
    if (message === undefined) return;
    if (message.kind === 'call' || message.kind === 'signal') return options.onMessage(message, tooLarge);
    answers.get(message.replySerial ?? 0)?.(
      tooLarge
        ? new Failure('BadContent', `an answer is larger than ${options.bodyBytesMax} bytes`)
        : message,
    );
  };

  socket.on('error', (cause) => end(new Failure('Transient', `the bus: ${cause.message}`, { cause })));
  socket.on('close', () => end(new Failure('Transient', 'the bus closed the connection')));
  socket.on('drain', () => socket.resume());
  // As sd-bus does, all at once: the bus reads what follows only after it has accepted us.
  const uid = Buffer.from(String(process.getuid?.() ?? 0)).toString('hex');
  socket.write(`\0AUTH EXTERNAL ${uid}\r\nBEGIN\r\n`);
  onceAccepted(socket, end, readFrames(options.bodyBytesMax, take, end));

  const hello = await call({ ...busDriver, member: 'Hello' }, { limitMs: connectLimitMs }).catch(
    (error: unknown) => {
      socket.destroy();
      throw error;
    },
  );
  // The bus names us as the one that its answer goes to.
  if (hello.kind === 'error' || hello.destination === undefined) {
    socket.destroy();
    throw new Failure('Transient', `the bus refused us: ${hello.errorName ?? 'it gave no name'}`);
  }
  return { name: hello.destination, send: (message) => void send(message), call, lost: lost.promise, close };

  async function close(): Promise<void> {
    // An answer of the bus to what was sent last: it has read all before it.
    if (ended === undefined)
      await call({ ...busDriver, member: 'GetId' }, { limitMs: closeLimitMs }).catch(() => {});
    ended ??= new Failure('Cancelled', 'the connection to the bus was closed');
    for (const settle of answers.values()) settle(ended);
    socket.destroy();
  }
}

/** Gives what follows the bus's `OK GUID` line to `onData` (D-Bus Specification, "Authentication Protocol"). */
function onceAccepted(socket: Socket, end: (why: Failure) => void, onData: (chunk: Buffer) => void): void {
  const lineBytesMax = 256;
  let line = Buffer.alloc(0);
  const read = (chunk: Buffer): void => {
    line = Buffer.concat([line, chunk]);
    const at = line.indexOf('\r\n');
    if (at === -1 && line.length <= lineBytesMax) return;
    if (!line.subarray(0, Math.max(at, 0)).toString('latin1').startsWith('OK ')) {
      return end(new Failure('Transient', 'the bus does not accept who we are'));
    }
    socket.off('data', read);
    socket.on('data', onData);
    onData(line.subarray(at + 2));
  };
  socket.on('data', read);
}

/** Undefined where its header is none: the bus checks headers, but not by our limits. Where it ends is known, so the next can be read. */
function messageIn(bytes: Buffer): Message | undefined {
  try {
    return readMessage(bytes);
  } catch {
    return undefined;
  }
}

function readFrames(
  bodyBytesMax: number,
  take: (frame: Frame) => void,
  end: (why: Failure) => void,
): (chunk: Buffer) => void {
  const frames = createFrames(bodyBytesMax);
  const cut = (chunk: Buffer): Frame[] => {
    try {
      return frames.push(chunk);
    } catch (cause) {
      end(new Failure('Transient', 'the bus sent what is no message', { cause }));
      return [];
    }
  };
  return (chunk) => cut(chunk).forEach(take);
}
