import { join } from 'node:path';
import * as v from 'valibot';
import { asFailure, Failure } from '../model/failure.ts';
import { readSmallText } from '../system/read-small-text.ts';
import { writeFileWhole } from '../system/write-file.ts';
import { removeLeftovers, setAside } from './set-aside.ts';

/** One JSON file below /var/lib/bound-images: `{"version": 1, "data": ...}`. */
export interface DocumentKind<T> {
  readonly name: string;
  readonly version: number;
  readonly limitBytes: number;
  /** Of `data`. */
  readonly schema: v.GenericSchema<unknown, T>;
  /** The opposite of `schema`, for values that JSON does not have. */
  readonly toJson?: (value: T) => unknown;
  readonly empty: T;
}

export interface StateDocument<T> {
  readonly value: () => T;
  /**
   * Replaces the value at once and the file soon: changes at the same time are written together, in their order.
   * @throws Failure `NoSpace`, `Internal` where it could not be written; the value stays changed, and is written with the next
   */
  readonly update: (change: (value: T) => T) => Promise<void>;
  /** That the file could not be used, and where it is now. The value was empty then. */
  readonly damage?: string;
}

/**
 * One process at a time may have a document open. A file that cannot be used, or is of another version, is set aside.
 * @param nowMs milliseconds since the epoch
 * @throws Failure `Internal` where the file cannot be read
 */
export async function openDocument<T>(
  folder: string,
  kind: DocumentKind<T>,
  nowMs: number,
): Promise<StateDocument<T>> {
  const path = join(folder, kind.name);
  await removeLeftovers(path, nowMs);
  let value = kind.empty;
  let damage: string | undefined;
  try {
    const text = await readSmallText(path, kind.limitBytes);
    if (text !== undefined) value = parseDocument(text, kind, path);
  } catch (error) {
    const failure = asFailure(error);
    if (failure.code !== 'BadContent') throw failure;
    damage = `${failure.message}; ${await setAside(path, nowMs)}`;
  }
  let writing: Promise<void> | undefined;
  let next: Promise<void> | undefined;
  const write = async (): Promise<void> => {
    await writing?.catch(() => undefined);
    writing = next;
    next = undefined;
    await writeDocument(path, kind, value);
  };
  return {
    value: () => value,
    update: (change) => {
      value = change(value);
      next ??= write();
      return next;
    },
    ...(damage === undefined ? {} : { damage }),
  };
}

function parseDocument<T>(text: string, kind: DocumentKind<T>, path: string): T {
  const frame = v.safeParse(v.object({ version: v.number(), data: v.unknown() }), parseJson(text, path));
  if (!frame.success) throw new Failure('BadContent', `${path} is not one of our documents`);
  const { version, data } = frame.output;
  if (version !== kind.version)
    throw new Failure('BadContent', `${path} is of version ${version}, and not ${kind.version}`);
  const result = v.safeParse(kind.schema, data, { abortEarly: true });
  if (result.success) return result.output;
  const field = v.getDotPath(result.issues[0])?.slice(0, 200) ?? 'its data';
  throw new Failure('BadContent', `${path}: ${field} is not as it has to be`);
}

function parseJson(text: string, path: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Failure('BadContent', `${path} is not JSON`);
  }
}

async function writeDocument<T>(path: string, kind: DocumentKind<T>, value: T): Promise<void> {
  const data = kind.toJson === undefined ? value : kind.toJson(value);
  const text = `${JSON.stringify({ version: kind.version, data })}\n`;
  // What is written has to be what can be read again.
  if (Buffer.byteLength(text) > kind.limitBytes)
    throw new Failure('Internal', `${path} would be larger than ${kind.limitBytes} bytes`);
  try {
    await writeFileWhole(path, text, { mode: 0o600 });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const full = code === 'ENOSPC' || code === 'EDQUOT';
    throw new Failure(full ? 'NoSpace' : 'Internal', `cannot write ${path}: ${code}`, { cause: error });
  }
}
