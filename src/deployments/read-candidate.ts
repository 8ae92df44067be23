import type { Digest } from '../model/digest.ts';
import { Failure } from '../model/failure.ts';
import type { BootcStatus } from './parse-bootc-status.ts';
import { readBootcStatus } from './read-bootc-status.ts';

/** The OS image that the next `bootc upgrade` would stage. */
export interface Candidate {
  /** As containers-transports(5) has it: `docker://quay.io/ex/os:latest`, `oci:/path`. */
  readonly image: string;
  /** Of the update that bootc has found last, if any. */
  readonly digest?: Digest;
}

/** Undefined on a host that bootc has not booted. */
export function candidateOf({ specImage, entries }: BootcStatus): Candidate | undefined {
  if (specImage === undefined) return undefined;
  const digest = entries.find(({ slot }) => slot === 'booted')?.updateDigest;
  return { image: specImage, ...(digest === undefined ? {} : { digest }) };
}

/**
 * What the next `bootc upgrade` would stage.
 * @throws Failure `NotBootcHost`, `Busy`, `ProgramFailed`, `ProgramOutput`, `Cancelled`
 */
export async function readCandidate(signal: AbortSignal): Promise<Candidate> {
  const candidate = candidateOf(await readBootcStatus(signal));
  if (candidate === undefined)
    throw new Failure('NotBootcHost', 'bootc has not booted this host: name an OS image');
  return candidate;
}
