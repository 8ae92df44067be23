import { Failure } from '../model/failure.ts';
import { readStart, readValues } from './read-values.ts';
import { parseSingle } from './signature.ts';
import type { Value, Variant } from './value.ts';
import { writeValues } from './write-values.ts';

/** D-Bus Specification, "Message Format". Only what the kind of message has is there. */
export interface Message {
  readonly kind: 'call' | 'return' | 'error' | 'signal';
  readonly serial: number;
  readonly noReply: boolean;
  /** The caller is ready to wait while a person types a password. */
  readonly interactive: boolean;
  readonly path?: string;
  readonly interface?: string;
  readonly member?: string;
  readonly errorName?: string;
  readonly replySerial?: number;
  readonly destination?: string;
  /** The unique name of the connection it comes from; the bus writes it, so it cannot be forged. */
  readonly sender?: string;
  readonly signature: string;
  /** Not looked into yet: `readBody` does. */
  readonly body: Buffer;
  readonly little: boolean;
}

export type Outgoing = Partial<Omit<Message, 'body' | 'little' | 'serial' | 'sender'>> &
  Pick<Message, 'kind'> & {
    /** Values for the signature, or their bytes. */
    readonly body?: readonly Value[] | Buffer;
  };

const kinds = ['call', 'return', 'error', 'signal'] as const;
const noReplyFlag = 1;
const interactiveFlag = 4;
export const fixedHeaderBytes = 16;

const fieldNames = [
  'path',
  'interface',
  'member',
  'errorName',
  'replySerial',
  'destination',
  'sender',
  'signature',
] as const;
const fieldTypes = { path: 'o', replySerial: 'u', signature: 'g' } as const;
const fieldsType = parseSingle('a(yv)');
const fieldsAt = 12;

/** @throws Failure `BadContent` */
export function readMessage(bytes: Buffer): Message {
  const little = bytes[0] === 0x6c;
  const kind = kinds[(bytes[1] ?? 0) - 1];
  if (kind === undefined) throw new Failure('BadContent', `a message of unknown type ${bytes[1]}`);
  const flags = bytes[2] ?? 0;
  const { value, end } = readStart(fieldsType, bytes, fieldsAt, little);
  const fields: Record<string, Value> = Object.create(null);
  for (const [code, content] of value as [number, Variant][]) {
    const name = fieldNames[code - 1];
    if (name === undefined) continue;
    if (content.signature !== typeOfField(name))
      throw new Failure('BadContent', `the header's ${name} is of another type`);
    fields[name] = content.value;
  }
  return {
    signature: '',
    ...fields,
    kind,
    serial: little ? bytes.readUInt32LE(8) : bytes.readUInt32BE(8),
    noReply: (flags & noReplyFlag) !== 0,
    interactive: (flags & interactiveFlag) !== 0,
    body: bytes.subarray(Math.ceil(end / 8) * 8),
    little,
  };
}

/** @throws Failure `BadContent` */
export function readBody(message: Message): readonly Value[] {
  return readValues(message.signature, message.body, message.little);
}

export function writeMessage(message: Outgoing, serial: number): Buffer {
  const { signature = '', body = [] } = message;
  const bodyBytes = Buffer.isBuffer(body) ? body : writeValues(signature, body);
  const fields = fieldNames.flatMap((name, index) => {
    const value = name === 'sender' ? undefined : message[name];
    return value === undefined || value === ''
      ? []
      : [[index + 1, { signature: typeOfField(name), value }] as const];
  });
  const flags = (message.noReply ? noReplyFlag : 0) | (message.interactive ? interactiveFlag : 0);
  const fixed = [0x6c, kinds.indexOf(message.kind) + 1, flags, 1, bodyBytes.length, serial];
  const header = writeValues('yyyyuua(yv)', [...fixed, fields]);
  return Buffer.concat([header, Buffer.alloc((8 - (header.length % 8)) % 8), bodyBytes]);
}

function typeOfField(name: (typeof fieldNames)[number]): string {
  return name in fieldTypes ? fieldTypes[name as keyof typeof fieldTypes] : 's';
}
