import { readCandidate } from '../deployments/read-candidate.ts';
import { osVersion } from '../model/os-version.ts';
import type { Access } from '../prefetch/access.ts';
import { readOsImage } from '../prefetch/read-os-image.ts';
import type { KnownCandidate } from './survey-host.ts';

/** OCI image-spec, "Pre-Defined Annotation Keys"; it is what bootc shows of a deployment, too. */
const versionLabel = 'org.opencontainers.image.version';

/**
 * Learns what the next OS image binds, before any of it is staged.
 * @throws Failure `NotBootcHost`, `TimedOut` where bootc is busy, and those of the OS image's source
 */
export async function lookAhead(access: Access, signal: AbortSignal): Promise<KnownCandidate> {
  const { image } = await readCandidate(signal);
  return readKnown(image, access, signal);
}

/** An OS image as it would be the candidate. @throws Failure of the image's source, `Cancelled` */
export async function readKnown(image: string, access: Access, signal: AbortSignal): Promise<KnownCandidate> {
  const { manifest, config, boundSet } = await readOsImage(image, access, signal);
  const { digest, indexDigest } = manifest;
  const version = osVersion(config.labels[versionLabel]);
  return {
    osImage: image,
    digest,
    ...(indexDigest === undefined ? {} : { indexDigest }),
    ...(version === undefined ? {} : { version }),
    boundSet,
  };
}
