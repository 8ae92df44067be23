import type { Digest } from '../model/digest.ts';
import { Failure } from '../model/failure.ts';
import { parseReference, type Reference } from '../model/reference.ts';
import type { Access } from '../prefetch/access.ts';
import { chosenSet, openLayout, originalReference } from '../prefetch/import-from-layout.ts';
import { layoutSource } from './layout-source.ts';
import { type MirrorSource, registrySource } from './source.ts';

/** An OS image that is to be mirrored, and where it and what it binds come from. */
export interface Origin extends AsyncDisposable {
  readonly source: MirrorSource;
  readonly reference: Reference;
  /** What `reference` meant when it was mirrored. */
  readonly digest?: Digest;
  readonly tag: string | undefined;
}

/**
 * Opens `[docker://]REFERENCE`, or a set: `oci:DIR[:TAG]`, `oci-archive:FILE[:TAG]`.
 * @throws Failure `Usage`, `NotFound`, `BadContent`
 */
export async function openOrigin(image: string, access: Access): Promise<Origin> {
  if (/^oci(?:-archive)?:/.test(image)) {
    const layout = await openLayout(image);
    try {
      const set = chosenSet(layout);
      const reference = originalReference(set, layout.name);
      return {
        source: layoutSource(layout),
        reference,
        digest: set.os.digest,
        tag: set.tag,
        [Symbol.asyncDispose]: () => layout[Symbol.asyncDispose](),
      };
    } catch (error) {
      await layout[Symbol.asyncDispose]();
      throw error;
    }
  }
  const parsed = parseReference(image.replace(/^docker:\/\//, ''));
  if (parsed.kind === 'problem')
    throw new Failure(
      'Usage',
      `"${image}" names no image: ${parsed.text}; give REGISTRY/REPOSITORY:TAG, or a set as oci:DIR:TAG`,
    );
  const { reference } = parsed;
  const tag = reference.tag ?? (reference.digest === undefined ? 'latest' : undefined);
  return {
    source: await registrySource(access),
    reference,
    tag,
    [Symbol.asyncDispose]: async () => undefined,
  };
}
