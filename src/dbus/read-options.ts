import type { Scope } from '../model/host-agent.ts';
import { type Refusal, refuse } from './error-names.ts';
import type { Dictionary } from './value.ts';

export interface Options {
  readonly scope: Scope;
  readonly flags: ReadonlySet<string>;
  /** '' where it is not given. */
  readonly osImage: string;
}

const scopes: readonly string[] = ['booted', 'staged', 'rollback', 'candidate', 'all'] satisfies Scope[];

/** The options dictionary that methods end in; a key that is not known, or of another type or value, is refused by name. */
export function readOptions(
  given: Dictionary,
  known: { readonly scope?: true; readonly flags?: readonly string[]; readonly osImage?: true } = {},
): Options | Refusal {
  let scope: Scope = 'all';
  let osImage = '';
  const flags = new Set<string>();
  for (const [key, { signature, value }] of given) {
    if (key === 'scope' && known.scope === true) {
      if (signature !== 's') return refuse('InvalidArgs', `option scope is a text (s), not ${signature}`);
      if (!scopes.includes(value as string))
        return refuse('InvalidArgs', `option scope is one of ${scopes.join(', ')}`);
      scope = value as Scope;
    } else if (key === 'os-image' && known.osImage === true) {
      if (signature !== 's') return refuse('InvalidArgs', `option os-image is a text (s), not ${signature}`);
      osImage = value as string;
    } else if (known.flags?.includes(key) === true) {
      if (signature !== 'b') return refuse('InvalidArgs', `option ${key} is a boolean (b), not ${signature}`);
      if (value === true) flags.add(key);
    } else {
      return refuse('InvalidArgs', `option ${JSON.stringify(key.slice(0, 100))} is not known`);
    }
  }
  return { scope, flags, osImage };
}
