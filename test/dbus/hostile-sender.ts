// `hostile-sender.ts SOCKET`: for each number on a line of its input it sends that message of hostile-messages.ts over a connection of its
// own, and says on a line what came of it: `answer`, `error NAME`, `closed`, or `nothing` within a while.
import { once } from 'node:events';
import { type Socket, createConnection } from 'node:net';
import { createInterface } from 'node:readline';
import { busDriver } from '../../src/dbus/connect-bus.ts';
import { createFrames } from '../../src/dbus/frames.ts';
import { type Message, readMessage, writeMessage } from '../../src/dbus/message.ts';
import { hostileMessages } from './hostile-messages.ts';

const [path = ''] = process.argv.slice(2);
const nothingMs = 300;

for await (const line of createInterface(process.stdin)) {
  const hostile = hostileMessages[Number(line)];
  if (hostile !== undefined) process.stdout.write(`${await send(hostile.bytes())}\n`);
}

async function send(bytes: Buffer): Promise<string> {
  const socket = createConnection(path);
  socket.on('error', () => {});
  await once(socket, 'connect');
  const uid = Buffer.from(String(process.getuid?.())).toString('hex');
  const hello = writeMessage({ ...busDriver, kind: 'call', member: 'Hello' }, 1);
  socket.write(Buffer.concat([Buffer.from(`\0AUTH EXTERNAL ${uid}\r\nBEGIN\r\n`), hello]));
  const outcome = firstAnswer(socket).catch(() => 'closed');
  socket.write(bytes);
  const result = await Promise.race([
    outcome,
    new Promise<string>((resolve) => setTimeout(resolve, nothingMs, 'nothing')),
  ]);
  socket.destroy();
  return result;
}

/** Of the first answer to anything but the Hello. */
async function firstAnswer(socket: Socket): Promise<string> {
  const { push } = createFrames(64 * 1024 * 1024);
  let accepted = false;
  for await (const chunk of socket as AsyncIterable<Buffer>) {
    let rest = chunk;
    if (!accepted) {
      rest = chunk.subarray(chunk.indexOf('\r\n') + 2);
      accepted = true;
    }
    for (const frame of push(rest)) {
      const message = readMessage(frame.bytes);
      if (isAnswer(message)) return message.kind === 'error' ? `error ${message.errorName}` : 'answer';
    }
  }
  return 'closed';
}

function isAnswer({ kind, replySerial }: Message): boolean {
  return (kind === 'return' || kind === 'error') && replySerial !== 1;
}
