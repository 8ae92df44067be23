import { getDotPath, safeParse, type GenericSchema, type InferOutput } from 'valibot';
import { Failure, type FailureCode } from '../model/failure.ts';

/**
 * Outside data as what `schema` describes.
 * @throws Failure `code`, naming `what` and the first field that is wrong, never a value: it may be a secret.
 */
export function validate<Schema extends GenericSchema>(
  schema: Schema,
  data: unknown,
  what: string,
  code: FailureCode = 'BadContent',
): InferOutput<Schema> {
  const result = safeParse(schema, data, { abortEarly: true });
  if (result.success) return result.output;
  const [issue] = result.issues;
  const field = getDotPath(issue)?.slice(0, 200) ?? 'it';
  // The library's own messages quote what they got.
  const expected = issue.type === 'custom' || issue.type === 'regex' ? issue.message : issue.expected;
  throw new Failure(code, `${what}: ${field} is not ${expected ?? 'as it has to be'}`);
}

/** The text as a JSON object. @throws Failure `code`, naming `what` */
export function parseJson(text: string, what: string, code: FailureCode = 'BadContent'): object {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // The engine's message quotes the text, which may hold secrets.
    throw new Failure(code, `${what}: not valid JSON`);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new Failure(code, `${what}: not a JSON object`);
  return value;
}
