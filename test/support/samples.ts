import { createHash } from 'node:crypto';
import type { Definition } from '../../src/model/definition.ts';
import { asDigest, type Digest } from '../../src/model/digest.ts';
import type { Inventory, StoredImage, StoredLayer } from '../../src/model/inventory.ts';
import type { Manifest } from '../../src/model/manifest.ts';
import { parseReference } from '../../src/model/reference.ts';
import { type Want, wantsOf } from '../../src/plan/want.ts';

/** The digest of a text, so that a test can name layers `base` and `app`. */
export function digestOf(text: string): Digest {
  const digest = asDigest(`sha256:${createHash('sha256').update(text).digest('hex')}`);
  if (digest === undefined) throw new Error('node:crypto gave no digest');
  return digest;
}

export function definition(image: string, pull: Definition['pull'] = {}): Definition {
  const parsed = parseReference(image);
  if (parsed.kind !== 'reference') throw new Error(`${image} is no reference`);
  const file = `/usr/share/containers/systemd/${image.replaceAll(/\W/g, '-')}.image`;
  return {
    entry: file.replace('/usr/share/containers/systemd', '/usr/lib/bootc/bound-images.d'),
    file,
    imageFile: file,
    line: 2,
    image,
    reference: parsed.reference,
    pull,
  };
}

export function want(image: string, pull: Definition['pull'] = {}): Want {
  const [only] = wantsOf([definition(image, pull)]).wants;
  if (only === undefined) throw new Error('a definition gave no want');
  return only;
}

/** A manifest of layers named by a text each, base first. */
export function manifest(name: string, layers: Readonly<Record<string, number>>): Manifest {
  return {
    digest: digestOf(`manifest ${name}`),
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    config: {
      mediaType: 'application/vnd.oci.image.config.v1+json',
      digest: digestOf(`config ${name}`),
      sizeBytes: 10,
      annotations: {},
    },
    layers: Object.entries(layers).map(([layer, sizeBytes]) => ({
      mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip',
      digest: digestOf(layer),
      sizeBytes,
      annotations: {},
    })),
    annotations: {},
    bytes: Buffer.alloc(5),
  };
}

export function storedLayer(blob: string, facts: Partial<StoredLayer> = {}): StoredLayer {
  return { id: blob, blobDigest: digestOf(blob), incomplete: false, folderMissing: false, ...facts };
}

export function storedImage(name: string, facts: Partial<StoredImage> = {}): StoredImage {
  return {
    id: `id of ${name}`,
    names: [name],
    digests: [digestOf(`manifest ${name}`)],
    layers: [],
    missing: [],
    createdUs: 0,
    ...facts,
  };
}

export function inventory(images: readonly StoredImage[], layers: readonly StoredLayer[] = []): Inventory {
  return {
    storePath: '/store',
    driver: 'overlay',
    images,
    layers: new Map(layers.map((layer) => [layer.id, layer])),
  };
}
