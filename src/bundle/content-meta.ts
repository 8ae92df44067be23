import * as v from 'valibot';
import { Failure } from '../model/failure.ts';
import { withMember } from './json-member.ts';
import { stampLabel } from './stamp-text.ts';

/** What is checked of it; `layers` and `mapping` are long, ordered, and left alone. */
const schema = v.looseObject({
  version: v.literal(1),
  labels: v.nullish(v.record(v.string(), v.string())),
});

/**
 * The JSON that `ostree container encapsulate --contentmeta` takes (ostree-ext, `RawMeta`), with the stamp among its labels and
 * every other byte as it was.
 * @param what names the file in messages
 * @throws Failure `BadContent` where it is not of that format
 */
export function stampedContentMeta(text: string, stamp: string, what: string): string {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    throw new Failure('BadContent', `${what} is not JSON; it has to be what --contentmeta takes`);
  }
  if (!v.is(schema, document))
    throw new Failure(
      'BadContent',
      `${what} is not what --contentmeta takes: an object with "version": 1, and labels that are texts`,
    );
  return withMember(text, ['labels', stampLabel], JSON.stringify(stamp));
}
