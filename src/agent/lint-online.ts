import pLimit from 'p-limit';
import { type Finding, finding } from '../bundle/finding.ts';
import { asFailure } from '../model/failure.ts';
import type { Platform } from '../model/manifest.ts';
import { shown } from '../model/problem-codes.ts';
import { type Want, wantsOf } from '../plan/want.ts';
import type { Definition } from '../model/definition.ts';
import { type Access, hostPlatform } from './access.ts';

const asksAtOnce = 6;

/**
 * Asks the registries for every image that is bound, for each architecture in Go's words; none given is this host's.
 * @throws Failure `Cancelled`
 */
export async function lintOnline(
  definitions: readonly Definition[],
  architectures: readonly string[],
  access: Access,
  signal: AbortSignal,
): Promise<Finding[]> {
  const { wants } = wantsOf(definitions);
  const host = hostPlatform();
  const platforms =
    architectures.length === 0
      ? [host]
      : architectures.map((architecture) => ({ os: 'linux', architecture }));
  const limit = pLimit(asksAtOnce);
  const found = await Promise.all(
    wants.map((want) => limit(() => lintWant(want, platforms, access, signal))),
  );
  signal.throwIfAborted();
  return found.flat();
}

async function lintWant(
  want: Want,
  platforms: readonly Platform[],
  access: Access,
  signal: AbortSignal,
): Promise<Finding[]> {
  const [bound] = want.boundBy;
  if (bound === undefined) return [];
  const at = { file: bound.imageFile, line: bound.line };
  try {
    const [registry, pull] = [await access.registry(), await access.pullOptions(want)];
    // By digest this asks nothing; by tag it tells an image that is not there from one for other architectures.
    const digest = await registry.resolveDigest(want.reference, { pull, signal });
    const findings: Finding[] = [];
    // Arch= of the quadlet says which one is meant, whatever the host is.
    for (const platform of pull.arch === undefined ? platforms : platforms.slice(0, 1)) {
      const lacking = await lackOf({ ...want.reference, digest }, platform);
      if (lacking !== undefined) findings.push(lacking);
    }
    return findings;

    async function lackOf(reference: Want['reference'], platform: Platform): Promise<Finding | undefined> {
      const wanted = `${pull.os ?? platform.os}/${pull.arch ?? platform.architecture}`;
      const text = (reason: string): string =>
        `${shown(want.image)} has no image for ${wanted}: ${reason}. Push one, or say by --arch what the OS image is for.`;
      try {
        const manifest = await registry.resolve(reference, { platform, pull, signal });
        const config = await registry.config(reference, manifest, { pull, signal });
        // Artifacts and old images do not say.
        if (config.architecture === undefined || config.os === undefined) return undefined;
        const has = `${config.os}/${config.architecture}`;
        return has === wanted ? undefined : finding('no-architecture', at, text(`it is one for ${has}`));
      } catch (error) {
        const failure = asFailure(error);
        // The reference is there, but no such platform in its index (choosePlatform); otherwise a pinned digest is gone.
        if (failure.code !== 'NotFound' || !failure.message.includes('there is no image for')) throw failure;
        return finding('no-architecture', at, text(failure.message));
      }
    }
  } catch (error) {
    const failure = asFailure(error);
    if (signal.aborted || failure.code === 'Cancelled' || failure.code === 'Internal') throw failure;
    const isGone = failure.code === 'NotFound';
    const text = isGone
      ? `${shown(want.image)} is not there: ${failure.message}. Correct the reference, or push the image.`
      : `whether ${shown(want.image)} is there is not known: ${failure.message}. Run lint again with network and logins.`;
    return [finding(isGone ? 'image-not-found' : 'image-unknown', at, text)];
  }
}
