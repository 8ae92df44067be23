import { Failure, asFailure } from '../model/failure.ts';
import { type Refusal, refuse } from './error-names.ts';
import { interfacesOf } from './introspect.ts';
import { type Message, type Outgoing, readBody } from './message.ts';
import { type Handler, isRefusal, refusalTo } from './methods.ts';
import type { BusObject, Objects } from './objects.ts';
import { type Interface, type Method, signatureOf } from './parse-interfaces.ts';
import type { Value } from './value.ts';

export interface DispatchParts {
  readonly objects: Objects;
  readonly known: ReadonlyMap<string, Interface>;
  /** By `INTERFACE.MEMBER`. */
  readonly handlers: ReadonlyMap<string, Handler>;
  readonly onDefect: (failure: Failure) => void;
}

/**
 * Answers one call. Path, interface, member and signature are held against the introspection data before a byte of the body is read,
 * and nothing that a message names is looked up but in Maps.
 * @returns the answer to send; the caller leaves it out where none is wanted. Never rejects
 */
export async function dispatch(
  call: Message,
  { objects, known, handlers, onDefect }: DispatchParts,
): Promise<Outgoing> {
  try {
    const found = findMethod(call, objects, known);
    if (isRefusal(found)) return answer(call, found);
    const { object, name, method } = found;
    const handler = handlers.get(name);
    if (handler === undefined) throw new Failure('Internal', `nothing handles ${name}`);
    const args = readArguments(call);
    if (isRefusal(args)) return answer(call, args);
    return answer(call, await handler({ object, args, call }), signatureOf(method.out));
  } catch (error) {
    const failure = asFailure(error);
    if (failure.code === 'Internal') onDefect(failure);
    return answer(call, refusalTo(failure));
  }
}

interface Found {
  readonly object: BusObject;
  readonly name: string;
  readonly method: Method;
}

function findMethod(
  { path = '', interface: wanted, member = '', signature }: Message,
  objects: Objects,
  known: ReadonlyMap<string, Interface>,
): Found | Refusal {
  const object = objects.find(path);
  if (object === undefined) return refuse('UnknownObject', 'there is no object at that path');
  const names = interfacesOf(object);
  if (wanted !== undefined && !names.includes(wanted))
    return refuse('UnknownInterface', 'the object has no interface of that name');
  // A call may leave out the interface; no two of ours have a method of one name.
  for (const name of wanted === undefined ? names : [wanted]) {
    const method = known.get(name)?.methods.get(member);
    if (method === undefined) continue;
    const expected = signatureOf(method.in);
    return expected === signature
      ? { object, name: `${name}.${member}`, method }
      : refuse('InvalidArgs', `${member} takes "${expected}", not "${signature}"`);
  }
  return refuse('UnknownMethod', 'the object has no method of that name');
}

function readArguments(call: Message): readonly Value[] | Refusal {
  try {
    return readBody(call);
  } catch (error) {
    return refuse('InvalidArgs', asFailure(error).message);
  }
}

function answer(call: Message, result: readonly Value[] | Buffer | Refusal, signature = ''): Outgoing {
  if (isRefusal(result)) return errorAnswer(call, result);
  return { kind: 'return', ...addressOf(call), signature, body: result };
}

export function errorAnswer(call: Message, { name, text }: Refusal): Outgoing {
  return { kind: 'error', ...addressOf(call), errorName: name, signature: 's', body: [text] };
}

function addressOf({ sender = '', serial }: Message): { destination: string; replySerial: number } {
  return { destination: sender, replySerial: serial };
}
