import { nullish, object, safeParse, string } from 'valibot';
import { asDigest, type Digest } from '../model/digest.ts';
import { Failure } from '../model/failure.ts';

/** The OS image that the next `bootc upgrade` would stage. */
export interface Candidate {
  /** As containers-transports(5) has it: `docker://quay.io/ex/os:latest`, `oci:/path`. */
  readonly image: string;
  /** Of the update that bootc has found last, if any. */
  readonly digest?: Digest;
}

const image = object({ image: string(), transport: nullish(string()) });
// Every field may be null: on a host that bootc has not booted all of them are.
const schema = object({
  spec: nullish(object({ image: nullish(image) })),
  status: nullish(
    object({
      booted: nullish(object({ cachedUpdate: nullish(object({ imageDigest: nullish(string()) })) })),
    }),
  ),
});

/**
 * The candidate out of `bootc status --json --format-version=1`; undefined on a host that bootc has not booted.
 * @throws Failure `ProgramOutput`
 */
export function parseBootcStatus(text: string): Candidate | undefined {
  const result = safeParse(schema, parsed(text));
  if (!result.success)
    throw new Failure('ProgramOutput', 'bootc status printed what is not its version 1 document');
  const { spec, status } = result.output;
  if (spec?.image === null || spec?.image === undefined) return undefined;
  const digest = asDigest(status?.booted?.cachedUpdate?.imageDigest);
  return {
    image: `${transportPrefix(spec.image.transport ?? 'registry')}${spec.image.image}`,
    ...(digest === undefined ? {} : { digest }),
  };
}

/** bootc's names of transports (ostree-ext, `Transport`) in those of containers-transports(5). */
function transportPrefix(transport: string): string {
  return transport === 'registry' || transport === 'docker' ? 'docker://' : `${transport}:`;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Failure('ProgramOutput', 'bootc status printed no JSON', { cause: error });
  }
}
