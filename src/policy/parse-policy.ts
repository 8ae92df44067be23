import { array, looseObject, object, optional, record, safeParse, string } from 'valibot';
import { Failure } from '../model/failure.ts';

/** What one requirement of policy.json asks, by its `type` (containers-policy.json(5), "Policy requirements"). */
export type Requirement = string;

/** containers-policy.json(5), as far as it says which requirements hold for an image of a registry. */
export interface Policy {
  readonly default: readonly Requirement[];
  /** Scopes of the transport `docker`; the key "" is that transport's own default. */
  readonly docker: ReadonlyMap<string, readonly Requirement[]>;
}

const requirements = array(looseObject({ type: string() }));
const schema = object({
  default: requirements,
  transports: optional(object({ docker: optional(record(string(), requirements)) })),
});

/** @throws Failure `BadConfiguration` naming the file */
export function parsePolicy(text: string, file: string): Policy {
  const result = safeParse(schema, parsed(text, file));
  if (!result.success) {
    throw new Failure(
      'BadConfiguration',
      `${file}: it is no signature policy; containers-policy.json(5) says what it holds`,
    );
  }
  const { default: fallback, transports } = result.output;
  const typesOf = (list: readonly { type: string }[]): Requirement[] => list.map(({ type }) => type);
  const scopes = Object.entries(transports?.docker ?? {});
  return {
    default: typesOf(fallback),
    docker: new Map(scopes.map(([scope, list]) => [scope, typesOf(list)])),
  };
}

function parsed(text: string, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Failure('BadConfiguration', `${file}: it is not JSON; mend it, or install it anew`, {
      cause: error,
    });
  }
}
