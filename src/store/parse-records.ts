import { damaged } from './store-failure.ts';

/** One object of a file of records. Written out rather than by a schema: a store has thousands, and each start reads all. */
export interface StoreRecord {
  readonly id: string;
  readonly fields: Readonly<Record<string, unknown>>;
  /** For failures: the file, and the record's place in it. */
  readonly file: string;
  readonly index: number;
}

/** Ids become parts of paths, so nothing else may pass. */
const idPattern = /^[0-9a-f]{64}$/;

/**
 * One of c/storage's files of records, which are JSON arrays of objects with an `id`. Fields that are not asked for are ignored:
 * newer versions add some.
 * @throws Failure `StoreDamaged`
 */
export function parseRecords(text: string, file: string): StoreRecord[] {
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch {
    throw damaged(file, text === '' ? 'it is empty' : 'it is not whole JSON');
  }
  // Go writes a list that was never filled so.
  if (data === null) return [];
  if (!Array.isArray(data)) throw damaged(file, 'it is not a list');
  const ids = new Set<string>();
  return data.map((fields: unknown, index) => {
    if (!isObject(fields)) throw damaged(file, `${index} is not an object`);
    const { id } = fields;
    if (typeof id !== 'string' || !idPattern.test(id))
      throw damaged(file, `${index}.id is not an id of 64 hexadecimal digits`);
    if (ids.has(id)) throw damaged(file, `the id ${id} is there twice`);
    ids.add(id);
    return { id, fields, file, index };
  });
}

// Go leaves out what is empty, or writes null: both are undefined here.

export function textOf(record: StoreRecord, name: string): string | undefined {
  const value = record.fields[name] ?? undefined;
  if (value === undefined || typeof value === 'string') return value;
  throw wrongType(record, name, 'a text');
}

/** c/storage writes -1 for a size that it does not know. */
export function sizeOf(record: StoreRecord, name: string): number | undefined {
  const value = record.fields[name] ?? undefined;
  if (value === undefined) return undefined;
  if (typeof value !== 'number') throw wrongType(record, name, 'a number');
  return value >= 0 ? value : undefined;
}

export function textsOf(record: StoreRecord, name: string): readonly string[] {
  const value = record.fields[name] ?? [];
  if (Array.isArray(value) && value.every((text) => typeof text === 'string')) return value;
  throw wrongType(record, name, 'a list of texts');
}

export function objectOf(record: StoreRecord, name: string): Readonly<Record<string, unknown>> {
  const value = record.fields[name] ?? {};
  if (isObject(value)) return value;
  throw wrongType(record, name, 'an object');
}

function wrongType({ file, index }: StoreRecord, name: string, expected: string): Error {
  return damaged(file, `${index}.${name} is not ${expected}`);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
