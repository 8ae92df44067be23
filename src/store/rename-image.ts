import { randomUUID } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { array, looseObject, object, optional, parse, string } from 'valibot';
import { asDigest, type Digest } from '../model/digest.ts';
import { Failure } from '../model/failure.ts';
import type { Inventory, StoredImage } from '../model/inventory.ts';
import { copyLayout, layoutBlob, type Layout } from './copy-layout.ts';
import { bigDataFile, imagesFolder } from './layout.ts';
import { privateFolder } from './private-folder.ts';
import { removeImage } from './remove-image.ts';
import type { StorePlace } from './store-reference.ts';

const manifestSchema = looseObject({
  mediaType: optional(string(), 'application/vnd.oci.image.manifest.v1+json'),
  config: looseObject({ digest: string() }),
});
const topSchema = object({
  mediaType: optional(string(), 'application/vnd.oci.image.index.v1+json'),
  manifests: optional(array(object({}))),
});
const configSchema = looseObject({
  architecture: optional(string(), ''),
  os: optional(string(), ''),
  variant: optional(string(), ''),
});

/** Of images that hold layers only while another is made anew: garbage wherever they are met. */
const holderName = 'localhost/bound-images/holder:';

/**
 * Leaves an image one of its names, without network, also where the others have digests. Another image with the same layers
 * holds these while the image is removed and written again from the manifest and config that the store kept. That this works is
 * tried before anything is removed. Killed in between, it leaves the layers but not the image: to be pulled again at little cost.
 * @param name one that the image has
 * @throws Failure `StoreDamaged` where manifest or config cannot be read, those of skopeo's reasons and of `runProgram`
 */
export async function renameImage(
  place: StorePlace,
  inventory: Inventory,
  image: StoredImage,
  name: string,
  { signal }: { signal?: AbortSignal | undefined } = {},
): Promise<void> {
  const { layout, holder } = await layoutsOf(inventory, image, name);
  await using folder = await privateFolder(place.runRoot);
  const written = async (content: Layout, as: string): Promise<void> => {
    const path = join(folder.path, randomUUID());
    await mkdir(path);
    await copyLayout(place, content, path, as, signal);
  };
  await written(layout, name);
  await written(holder, `${holderName}${image.id.slice(0, 12)}`);
  await removeImage(place, image.id, { signal });
  // From here on a cancel would leave less than there was.
  const path = join(folder.path, 'again');
  await mkdir(path);
  await copyLayout(place, layout, path, name, undefined);
  await removeImage(place, holder.others[0]?.digest.slice('sha256:'.length) ?? '', {});
}

async function layoutsOf(
  { storePath, driver }: Inventory,
  image: StoredImage,
  name: string,
): Promise<{ layout: Layout; holder: Layout }> {
  const read = async (key: string): Promise<Buffer> =>
    readFile(join(storePath, imagesFolder(driver), image.id, bigDataFile(key)));
  try {
    const manifest = layoutBlob(await read('manifest'));
    const parsed = parse(manifestSchema, JSON.parse(manifest.bytes.toString('utf8')));
    const config = { digest: parsed.config.digest as Digest, bytes: await read(parsed.config.digest) };
    const facts = parse(configSchema, JSON.parse(config.bytes.toString('utf8')));
    // An index that it was chosen from is kept beside its manifest, and would be forgotten.
    const index = image.digests.find((digest) => digest !== manifest.digest);
    const topDigest = asDigest(name.split('@')[1]) ?? index ?? manifest.digest;
    const topBytes = topDigest === manifest.digest ? manifest.bytes : await read(`manifest-${topDigest}`);
    const top = parse(topSchema, JSON.parse(topBytes.toString('utf8')));
    const mediaType = topDigest === manifest.digest ? parsed.mediaType : top.mediaType;
    const holderConfig = layoutBlob(JSON.stringify({ ...facts, author: randomUUID() }));
    const holderManifest = layoutBlob(
      JSON.stringify({
        ...parsed,
        config: { ...parsed.config, digest: holderConfig.digest, size: holderConfig.bytes.length },
      }),
    );
    return {
      layout: {
        top: { digest: topDigest, bytes: topBytes, mediaType },
        others: [manifest, config],
        platform: facts,
      },
      holder: {
        top: { ...holderManifest, mediaType: parsed.mediaType },
        others: [holderConfig],
        platform: facts,
      },
    };
  } catch (error) {
    throw new Failure(
      'StoreDamaged',
      `image ${image.id} in ${storePath}: its manifest or config cannot be read`,
      {
        cause: error,
      },
    );
  }
}
