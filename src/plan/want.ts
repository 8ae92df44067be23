import type { Definition } from '../model/definition.ts';
import type { Problem } from '../model/problem.ts';
import { problem } from '../model/problem-codes.ts';
import { type Reference, storeName } from '../model/reference.ts';
import type { PullOptions } from '../model/definition.ts';

/** One image that has to be present under one name, whoever binds it. */
export interface Want {
  /** The exact `Image=` string. */
  readonly image: string;
  /** The name it has in the store: `image` itself, but for a short or untagged name. */
  readonly storeName: string;
  readonly reference: Reference;
  readonly pull: PullOptions;
  readonly boundBy: readonly Definition[];
}

/**
 * Definitions grouped by the name they ask for, in the order of their first definition. A store holds one image under a name,
 * so the first definition's pull options count; a later one that asks for another platform is a problem.
 */
export function wantsOf(definitions: readonly Definition[]): { wants: Want[]; problems: Problem[] } {
  const byName = Map.groupBy(definitions, ({ reference }) => storeName(reference));
  const wants: Want[] = [];
  const problems: Problem[] = [];
  for (const [name, [first, ...others]] of byName) {
    if (first === undefined) continue;
    const { image, reference, pull } = first;
    wants.push({ image, storeName: name, reference, pull, boundBy: [first, ...others] });
    for (const other of others) {
      if (platformKey(other.pull) !== platformKey(pull)) problems.push(platformConflict(first, other));
    }
  }
  return { wants, problems };
}

function platformKey({ os, arch, variant }: PullOptions): string {
  return [os, arch, variant].join('/');
}

function platformConflict(first: Definition, other: Definition): Problem {
  const text =
    `${other.image} is asked for with another Arch=, OS= or Variant= than in ${first.file}; ` +
    'the store holds one image under one name: give one of the two another tag.';
  return problem('platform-conflict', other, text);
}
