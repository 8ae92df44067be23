import { Failure } from '../model/failure.ts';
import { isObjectPath } from './object-path.ts';
import { type BasicCode, type Type, alignment, parseSignature, parseSingle } from './signature.ts';
import type { Value } from './value.ts';

/** Containers within containers, variants included: the specification's own limit. */
const depthMax = 64;
const arrayBytesMax = 64 * 1024 * 1024;

interface Cursor {
  readonly bytes: Buffer;
  readonly view: DataView;
  readonly little: boolean;
  at: number;
}

/**
 * Reads what a signature says out of bytes that begin at a multiple of 8 of their message (D-Bus Specification, "Marshaling"). A bus
 * may have checked none of it: padding, text, booleans, paths, lengths and depth are checked here, and that nothing is left over.
 * @throws Failure `BadContent`
 */
export function readValues(signature: string, bytes: Buffer, little: boolean): readonly Value[] {
  const cursor = openCursor(bytes, little);
  const values = parseSignature(signature).map((type) => readValue(cursor, type, 0));
  if (cursor.at !== bytes.length) throw bad('there is more than its signature says');
  return values;
}

/** The same for the start of the bytes: the values, and where they end. @throws Failure `BadContent` */
export function readStart(
  type: Type,
  bytes: Buffer,
  at: number,
  little: boolean,
): { value: Value; end: number } {
  const cursor = openCursor(bytes, little);
  cursor.at = at;
  const value = readValue(cursor, type, 0);
  return { value, end: cursor.at };
}

function openCursor(bytes: Buffer, little: boolean): Cursor {
  return { bytes, view: new DataView(bytes.buffer, bytes.byteOffset, bytes.length), little, at: 0 };
}

function readValue(cursor: Cursor, type: Type, depth: number): Value {
  if (depth > depthMax) throw bad('it nests too deep');
  switch (type.kind) {
    case 'basic':
      return readBasic(cursor, type.code);
    case 'variant': {
      const signature = readText(cursor, take(cursor, 1, 1));
      return { signature, value: readValue(cursor, parseSingle(signature), depth + 1) };
    }
    case 'struct':
      align(cursor, 8);
      return type.fields.map((field) => readValue(cursor, field, depth + 1));
    case 'bytes': {
      const end = readArrayEnd(cursor, 1);
      const bytes = Uint8Array.from(cursor.bytes.subarray(cursor.at, end));
      cursor.at = end;
      return bytes;
    }
    case 'array':
      return readArray(cursor, type.item, depth);
    case 'dictionary':
      return readDictionary(cursor, type, depth);
  }
}

function readArray(cursor: Cursor, item: Type, depth: number): Value[] {
  const end = readArrayEnd(cursor, alignment(item));
  const values: Value[] = [];
  while (cursor.at < end) values.push(readValue(cursor, item, depth + 1));
  if (cursor.at !== end) throw bad('an array ends within an item');
  return values;
}

function readDictionary(
  cursor: Cursor,
  { key, value }: { key: BasicCode; value: Type },
  depth: number,
): Map<string | number | bigint | boolean, Value> {
  const end = readArrayEnd(cursor, 8);
  const entries = new Map<string | number | bigint | boolean, Value>();
  while (cursor.at < end) {
    align(cursor, 8);
    const name = readBasic(cursor, key);
    entries.set(name, readValue(cursor, value, depth + 2));
  }
  if (cursor.at !== end) throw bad('a dictionary ends within an entry');
  return entries;
}

/** The length counts from the first item, after its padding. */
function readArrayEnd(cursor: Cursor, itemAlignment: number): number {
  const length = take32(cursor);
  align(cursor, itemAlignment);
  if (length > arrayBytesMax || length > cursor.bytes.length - cursor.at)
    throw bad('an array is longer than it');
  return cursor.at + length;
}

function readBasic(cursor: Cursor, code: BasicCode): string | number | bigint | boolean {
  const { view, little } = cursor;
  switch (code) {
    case 'y':
      return view.getUint8(take(cursor, 1, 1));
    case 'n':
      return view.getInt16(take(cursor, 2, 2), little);
    case 'q':
      return view.getUint16(take(cursor, 2, 2), little);
    case 'i':
      return view.getInt32(take(cursor, 4, 4), little);
    case 'u':
      return take32(cursor);
    case 'x':
      return view.getBigInt64(take(cursor, 8, 8), little);
    case 't':
      return view.getBigUint64(take(cursor, 8, 8), little);
    case 'd':
      return view.getFloat64(take(cursor, 8, 8), little);
    case 'b': {
      const number = take32(cursor);
      if (number > 1) throw bad(`a boolean is ${number}`);
      return number === 1;
    }
    case 's':
      return readLongText(cursor);
    case 'o': {
      const path = readLongText(cursor);
      if (!isObjectPath(path)) throw bad('an object path is none');
      return path;
    }
    case 'g':
      // Whether it is one shows when it is used: a header may name types that are not taken here, and is still to be answered.
      return readText(cursor, take(cursor, 1, 1));
  }
}

function readLongText(cursor: Cursor): string {
  return textOf(cursor, take32(cursor));
}

function readText(cursor: Cursor, lengthAt: number): string {
  return textOf(cursor, cursor.view.getUint8(lengthAt));
}

function textOf(cursor: Cursor, length: number): string {
  const start = take(cursor, 1, length + 1);
  const bytes = cursor.bytes.subarray(start, start + length);
  if (cursor.bytes[start + length] !== 0 || bytes.includes(0)) throw bad('a text does not end in one NUL');
  const text = bytes.toString('utf8');
  // What is not UTF-8 comes back as other bytes. node:buffer's own question would load modules at each start.
  if (!bytes.equals(Buffer.from(text))) throw bad('a text is not UTF-8');
  return text;
}

function take32(cursor: Cursor): number {
  return cursor.view.getUint32(take(cursor, 4, 4), cursor.little);
}

/** Where the next so many bytes are. */
function take(cursor: Cursor, boundary: number, length: number): number {
  align(cursor, boundary);
  const start = cursor.at;
  if (length > cursor.bytes.length - start) throw bad('it ends too early');
  cursor.at = start + length;
  return start;
}

function align(cursor: Cursor, boundary: number): void {
  while (cursor.at % boundary !== 0) {
    if (cursor.bytes[cursor.at] !== 0) throw bad('padding is not zero, or it ends too early');
    cursor.at += 1;
  }
}

function bad(why: string): Failure {
  return new Failure('BadContent', `the message's content is wrong: ${why}`);
}
