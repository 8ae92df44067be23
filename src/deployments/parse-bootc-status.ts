import {
  type GenericSchema,
  array,
  boolean,
  literal,
  nullish,
  number,
  object,
  safeParse,
  string,
} from 'valibot';
import type { Slot } from '../model/deployment.ts';
import { asDigest, type Digest } from '../model/digest.ts';
import { Failure } from '../model/failure.ts';
import { composefsId, ostreeId, ostreeName } from './deployment-id.ts';

/** What `bootc status` says of a host. On one that bootc has not booted there are no entries and no `specImage`. */
export interface BootcStatus {
  /** What the next upgrade asks for, as containers-transports(5) has it: `docker://quay.io/ex/os:latest`, `oci:/path`. */
  readonly specImage?: string;
  /** In the order booted, staged, rollback, others; 64 at most. */
  readonly entries: readonly StatusEntry[];
  /** The rollback deployment boots next. */
  readonly rollbackQueued: boolean;
}

export interface StatusEntry {
  readonly slot: Slot;
  /** As `Deployment.id`, perhaps without its stateroot; absent where bootc does not say which one it is. */
  readonly id?: string;
  readonly osImage?: string;
  readonly digest?: Digest;
  /** As the image says, for people. */
  readonly version?: string;
  /** A reboot does not apply it. */
  readonly locked: boolean;
  readonly pinned: boolean;
  /** The newest image that `bootc upgrade --check` has found. */
  readonly updateDigest?: Digest;
}

const entriesMax = 64;
const textLengthMax = 1024;

const image = object({ image: string(), transport: nullish(string()) });
const imageStatus = object({
  image: nullish(image),
  imageDigest: nullish(string()),
  version: nullish(string()),
});
const entry = object({
  image: nullish(imageStatus),
  cachedUpdate: nullish(object({ imageDigest: nullish(string()) })),
  pinned: nullish(boolean()),
  downloadOnly: nullish(boolean()),
  ostree: nullish(
    object({ checksum: nullish(string()), deploySerial: nullish(number()), stateroot: nullish(string()) }),
  ),
  composefs: nullish(object({ verity: nullish(string()) })),
});
// Every field may be null: on a host that bootc has not booted all of them are.
const schema = object({
  kind: nullish(literal('BootcHost')),
  spec: nullish(object({ image: nullish(image) })),
  status: nullish(
    object({
      rollbackQueued: nullish(boolean()),
      booted: nullish(entry),
      staged: nullish(entry),
      rollback: nullish(entry),
      otherDeployments: nullish(array(entry)),
    }),
  ),
});
type Parsed<T> = T extends GenericSchema<unknown, infer Output> ? Output : never;

/** Reads `bootc status --json --format-version=1`. @throws Failure `ProgramOutput` */
export function parseBootcStatus(text: string): BootcStatus {
  const result = safeParse(schema, parsed(text));
  if (!result.success)
    throw new Failure('ProgramOutput', 'bootc status printed what is not its version 1 document');
  const { spec, status } = result.output;
  const specImage = osImageName(spec?.image);
  const entries = [
    ...entryIn('booted', status?.booted),
    ...entryIn('staged', status?.staged),
    ...entryIn('rollback', status?.rollback),
    ...(status?.otherDeployments ?? []).flatMap((other) => entryIn('other', other)),
  ].slice(0, entriesMax);
  return {
    ...(specImage === undefined ? {} : { specImage }),
    entries,
    rollbackQueued: status?.rollbackQueued ?? false,
  };
}

function entryIn(slot: Slot, found: Parsed<typeof entry> | null | undefined): StatusEntry[] {
  if (found === null || found === undefined) return [];
  const { ostree, composefs } = found;
  const name = `${ostree?.checksum}.${ostree?.deploySerial}`;
  const stateroot = ostree?.stateroot ?? undefined;
  const facts = {
    id:
      (stateroot === undefined ? ostreeName(name) : ostreeId(stateroot, name)) ??
      composefsId(composefs?.verity),
    osImage: osImageName(found.image?.image),
    digest: asDigest(found.image?.imageDigest),
    version: plainText(found.image?.version),
    updateDigest: asDigest(found.cachedUpdate?.imageDigest),
  };
  const known = Object.fromEntries(Object.entries(facts).filter(([, value]) => value !== undefined));
  const locked = slot === 'staged' && found.downloadOnly === true;
  return [{ slot, locked, pinned: found.pinned === true, ...known }];
}

/** bootc's names of transports (ostree-ext, `Transport`) in those of containers-transports(5). */
function osImageName(name: Parsed<typeof image> | null | undefined): string | undefined {
  const text = plainText(name?.image);
  const transport = plainText(name?.transport ?? 'registry');
  if (text === undefined || transport === undefined) return undefined;
  return transport === 'registry' || transport === 'docker' ? `docker://${text}` : `${transport}:${text}`;
}

/** It goes into journals, terminals and D-Bus. */
function plainText(text: string | null | undefined): string | undefined {
  return typeof text === 'string' && text.length <= textLengthMax && !/[\p{Cc}\p{Cs}]/u.test(text)
    ? text
    : undefined;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Failure('ProgramOutput', 'bootc status printed no JSON', { cause: error });
  }
}
