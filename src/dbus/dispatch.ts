import { Failure, asFailure } from '../model/failure.ts';
import { type Refusal, refuse } from './error-names.ts';
import { interfacesOf } from './introspect.ts';
import { type Message, type Outgoing, readBody } from './message.ts';
import { type Answer, type Handler, isRefusal, refusalTo } from './methods.ts';
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
 * @param send takes the one answer. What is only read is sent before this returns: whoever follows our signals would take an older
 * answer that came after them for the newer one
 * @returns a promise that never rejects
 */
export async function dispatch(
  call: Message,
  { objects, known, handlers, onDefect }: DispatchParts,
  send: (answer: Outgoing) => void,
): Promise<void> {
  try {
    const found = findMethod(call, objects, known);
    if (isRefusal(found)) return send(errorAnswer(call, found));
    const { object, name, method } = found;
    const handler = handlers.get(name);
    if (handler === undefined) throw new Failure('Internal', `nothing handles ${name}`);
    const args = readArguments(call);
    if (isRefusal(args)) return send(errorAnswer(call, args));
    const answered = handler({ object, args, call });
    send(answer(call, answered instanceof Promise ? await answered : answered, signatureOf(method.out)));
  } catch (error) {
    // Also an answer that is not of its own type: the caller is not left waiting.
    const failure = asFailure(error);
    if (failure.code === 'Internal') onDefect(failure);
    send(errorAnswer(call, refusalTo(failure)));
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

function answer(call: Message, result: Answer, signature: string): Outgoing {
  if (isRefusal(result)) return errorAnswer(call, result);
  return { kind: 'return', ...addressOf(call), signature, body: result };
}

export function errorAnswer(call: Message, { name, text }: Refusal): Outgoing {
  return { kind: 'error', ...addressOf(call), errorName: name, signature: 's', body: [text] };
}

function addressOf({ sender = '', serial }: Message): { destination: string; replySerial: number } {
  return { destination: sender, replySerial: serial };
}
