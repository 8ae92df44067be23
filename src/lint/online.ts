import pLimit from 'p-limit';
import { type Finding, finding } from '../bundle/finding.ts';
import type { Definition, PullOptions } from '../model/definition.ts';
import type { Digest } from '../model/digest.ts';
import { asFailure } from '../model/failure.ts';
import type { Platform } from '../model/manifest.ts';
import { problem, shown } from '../model/problem-codes.ts';
import { type Want, wantsOf } from '../plan/want.ts';
import { type Access, hostPlatform } from '../prefetch/access.ts';

const asksAtOnce = 6;

/** What a registry said of one want: the image by its configuration for the first platform, which is its ID in a store. */
interface Answer {
  readonly want: Want;
  readonly imageId?: Digest | undefined;
  readonly findings: readonly Finding[];
}

/**
 * Asks the registries for every image that is bound, for each architecture in Go's words, `arm64` or `arm/v7`; none is this host's.
 * @throws Failure `Cancelled`
 */
export async function lintOnline(
  definitions: readonly Definition[],
  architectures: readonly string[],
  access: Access,
  signal: AbortSignal,
): Promise<Finding[]> {
  const platforms = architectures.length === 0 ? [hostPlatform()] : architectures.map(platformOf);
  const limit = pLimit(asksAtOnce);
  const { wants } = wantsOf(definitions);
  const answers = await Promise.all(
    wants.map((want) => limit(() => askFor(want, platforms, access, signal))),
  );
  signal.throwIfAborted();
  return [...answers.flatMap(({ findings }) => findings), ...twoNames(answers)];
}

function platformOf(text: string): Platform {
  const [architecture = '', variant] = text.split('/');
  return { os: 'linux', architecture, ...(variant === undefined ? {} : { variant }) };
}

async function askFor(
  want: Want,
  platforms: readonly Platform[],
  access: Access,
  signal: AbortSignal,
): Promise<Answer> {
  try {
    const pull = await access.pullOptions(want);
    const registry = await access.registry();
    // By digest this asks nothing; by tag it tells an image that is not there from one for other architectures.
    const digest = await registry.resolveDigest(want.reference, { pull, signal });
    const pinned: Want = { ...want, pull, reference: { ...want.reference, digest } };
    // Arch= of the quadlet says which one is meant, whatever the host is.
    const asked = pull.arch === undefined ? platforms : platforms.slice(0, 1);
    const answers: Answer[] = [];
    for (const platform of asked) answers.push(await askForPlatform(pinned, platform, access, signal));
    return { want, imageId: answers[0]?.imageId, findings: answers.flatMap(({ findings }) => findings) };
  } catch (error) {
    const { code, message } = asFailure(error);
    if (signal.aborted || code === 'Cancelled' || code === 'Internal') throw error;
    const name = shown(want.image);
    const text =
      code === 'NotFound'
        ? `${name} is not there: ${message}. Correct the reference, or push the image.`
        : `whether ${name} is there is not known: ${message}. Run lint again with network and logins.`;
    const found = finding(code === 'NotFound' ? 'image-not-found' : 'image-unknown', placeOf(want), text);
    return { want, findings: [found] };
  }
}

async function askForPlatform(
  want: Want,
  platform: Platform,
  access: Access,
  signal: AbortSignal,
): Promise<Answer> {
  const { reference, pull } = want;
  const registry = await access.registry();
  try {
    const manifest = await registry.resolve(reference, { platform, pull, signal });
    const { os, architecture } = await registry.config(reference, manifest, { pull, signal });
    const has = `${os}/${architecture}`;
    // Artifacts and old images do not say. An image that is no index is pulled whatever it is for.
    const isRight = os === undefined || architecture === undefined || has === wantedPlatform(platform, pull);
    return {
      want,
      imageId: manifest.config.digest,
      findings: isRight ? [] : [lacking(want, platform, `it is one for ${has}`)],
    };
  } catch (error) {
    const { code, message } = asFailure(error);
    // The index is there, but has no such platform (choosePlatform); else a pinned digest is gone.
    if (code !== 'NotFound' || !message.includes('there is no image for')) throw error;
    return { want, findings: [lacking(want, platform, message)] };
  }
}

function lacking(want: Want, platform: Platform, reason: string): Finding {
  const text = `${shown(want.image)} has no image for ${wantedPlatform(platform, want.pull)}: ${reason}. Push one, or say by --arch what the OS image is for.`;
  return finding('no-architecture', placeOf(want), text);
}

function wantedPlatform({ os, architecture }: Platform, pull: PullOptions): string {
  return `${pull.os ?? os}/${pull.arch ?? architecture}`;
}

/** Names of one image: bootc's prune cannot remove it once neither is bound. */
function twoNames(answers: readonly Answer[]): Finding[] {
  const known = answers.filter(({ imageId }) => imageId !== undefined);
  return [...Map.groupBy(known, ({ imageId }) => imageId).values()].flatMap(([first, ...others]) =>
    others.map(({ want }) =>
      problem(
        'two-names',
        placeOf(want),
        `${want.image} and ${first?.want.image} are one image, of which bootc could remove neither later. Write the same Image= into both.`,
      ),
    ),
  );
}

function placeOf({ boundBy: [bound] }: Want): { file: string; line?: number } {
  return bound === undefined
    ? { file: '/usr/lib/bootc/bound-images.d' }
    : { file: bound.imageFile, line: bound.line };
}
