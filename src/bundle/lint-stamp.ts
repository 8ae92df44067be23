import type { BoundSet } from '../model/definition.ts';
import { Failure } from '../model/failure.ts';
import { type Finding, finding } from './finding.ts';
import { parseStamp, stampOf } from './stamp-text.ts';

/** What a stamp says is compared by its definitions alone: how a problem is worded changes from version to version. */
export function lintStamp(stamp: string | undefined, boundSet: BoundSet): Finding[] {
  if (stamp === undefined) return [];
  const at = { file: '/usr/lib/bootc/bound-images.d' };
  const stamped = parseStamp(stamp);
  // A definition with a secret makes a stamp that nobody looks ahead by, and that is as it should be.
  if (stamped === undefined)
    return stamp === textOf(boundSet)
      ? []
      : [
          finding(
            'stamp-unreadable',
            at,
            "the image's stamp is none that this version reads: who looks ahead reads its layers instead. Stamp it again with bound-images stamp.",
          ),
        ];
  const says = new Set(stamped.definitions.map(({ image }) => image));
  const binds = new Set(boundSet.definitions.map(({ image }) => image));
  if (definitionsOf(stamped) === definitionsOf(boundSet)) return [];
  const more = [...says.difference(binds)].map((image) => `binds no ${image}, which the stamp names`);
  const less = [...binds.difference(says)].map((image) => `binds ${image}, which the stamp does not name`);
  const [first = 'binds the same images in another way than the stamp says'] = [...more, ...less];
  const text = `the image ${first}. Stamp it again, as the last step of its build, with bound-images stamp.`;
  return [finding('stamp-differs', at, text)];
}

function definitionsOf(boundSet: BoundSet): string {
  const text = textOf({ ...boundSet, problems: [] });
  const { definitions = [] } = JSON.parse(text ?? '{}') as { definitions?: readonly object[] };
  // Drop-ins with the same values may stand in another order.
  return JSON.stringify(definitions.map((each) => JSON.stringify(each)).sort());
}

/** Undefined where it is too large to be a stamp. */
function textOf(boundSet: BoundSet): string | undefined {
  try {
    return stampOf(boundSet);
  } catch (error) {
    if (error instanceof Failure) return undefined;
    throw error;
  }
}
