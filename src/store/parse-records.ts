import {
  array,
  type GenericSchema,
  getDotPath,
  type InferOutput,
  pipe,
  regex,
  safeParse,
  string,
} from 'valibot';
import { damaged } from './store-failure.ts';

/** Ids become parts of paths, so nothing else may pass. */
export const recordId = pipe(string(), regex(/^[0-9a-f]{64}$/, 'an id of 64 hexadecimal digits'));

/**
 * One of c/storage's files of records, which are JSON arrays of objects with an `id`. Fields that are not asked for are ignored:
 * newer versions add some.
 * @throws Failure `StoreDamaged`
 */
export function parseRecords<Schema extends GenericSchema<unknown, { id: string }>>(
  schema: Schema,
  text: string,
  file: string,
): InferOutput<Schema>[] {
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch {
    throw damaged(file, text === '' ? 'it is empty' : 'it is not whole JSON');
  }
  // Go writes a list that was never filled so.
  if (data === null) return [];
  const result = safeParse(array(schema), data, { abortEarly: true });
  if (!result.success) {
    const [issue] = result.issues;
    const expected = issue.type === 'regex' ? issue.message : issue.expected;
    throw damaged(file, `${getDotPath(issue) ?? 'the document'} is not ${expected ?? 'what it has to be'}`);
  }
  const ids = new Set<string>();
  for (const { id } of result.output) {
    if (ids.has(id)) throw damaged(file, `the id ${id} is there twice`);
    ids.add(id);
  }
  return result.output;
}
