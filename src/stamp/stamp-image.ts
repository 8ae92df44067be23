import { stat } from 'node:fs/promises';
import { basename, dirname, resolve } from 'node:path';
import { stampedContentMeta } from '../bundle/content-meta.ts';
import { stampOf } from '../bundle/stamp-text.ts';
import { folderFiles } from '../contents/blob-files.ts';
import { readContents } from '../contents/read-contents.ts';
import type { ImageSource } from '../contents/source.ts';
import { diskTree } from '../definitions/disk-tree.ts';
import { readBoundSet } from '../definitions/read-bound-set.ts';
import type { BoundSet } from '../model/definition.ts';
import { digestParts } from '../model/digest.ts';
import { Failure } from '../model/failure.ts';
import type { Problem } from '../model/problem.ts';
import { writeFileWhole } from '../system/write-file.ts';
import type { Access } from '../prefetch/access.ts';
import { openOsImage } from '../prefetch/open-os-image.ts';
import { layerCache } from '../prefetch/read-os-image.ts';
import { type LayerSource, stampLayout, type LayoutPlace, type Stamped } from './layout.ts';
import { stampRegistry } from './registry.ts';

/** What was stamped, and what is wrong with what it binds. */
export interface StampResult extends Stamped {
  readonly boundCount: number;
  readonly problems: readonly Problem[];
}

const contentMetaLimitBytes = 256 * 2 ** 20;

/**
 * Writes what an image binds, as its layers say, into a label of its config: of `oci:DIR[:TAG]` in place, of a registry's
 * image under the same tag.
 * @throws Failure `Usage` for an image that cannot be written, and those of reading, pushing and writing it
 */
export async function stampImage(text: string, access: Access, signal: AbortSignal): Promise<StampResult> {
  const bound: BoundSet[] = [];
  const stampWith =
    (source: LayerSource) =>
    async (manifest: Awaited<ReturnType<ImageSource['manifest']>>): Promise<string> => {
      const boundSet = await boundByLayers({ ...source, manifest: async () => manifest }, signal);
      bound.push(boundSet);
      return stampOf(boundSet);
    };
  const place = layoutPlace(text);
  const stamped =
    place === undefined
      ? await stampRegistry(text, access, stampWith, signal)
      : await stampLayout(place, stampWith(layoutLayers(text, place)));
  const problems = bound.flatMap((each) => each.problems);
  // The images of an index mostly bind the same.
  const unique = new Map(problems.map((problem) => [JSON.stringify(problem), problem]));
  const images = new Set(bound.flatMap(({ definitions }) => definitions.map(({ image }) => image)));
  return { ...stamped, boundCount: images.size, problems: [...unique.values()] };
}

/** What the folder of a root that is being built binds. */
export async function boundByRoot(rootPath: string): Promise<BoundSet> {
  return readBoundSet(diskTree(rootPath));
}

/** What an image binds, by its layers alone: a stamp that it has may be an old one. */
export async function boundByImage(text: string, access: Access, signal: AbortSignal): Promise<BoundSet> {
  const source = await openOsImage(text, access, { signal });
  try {
    return await boundByLayers(source, signal);
  } finally {
    await source.close();
  }
}

/** Writes a stamp among the labels of a `--contentmeta` file. @throws Failure `NotFound`, `BadContent` */
export async function stampContentMeta(filePath: string, stamp: string): Promise<void> {
  const path = resolve(filePath);
  const { mode } = await stat(path).catch((error: unknown) => {
    throw new Failure('NotFound', `${filePath} cannot be read; give a file that is there`, { cause: error });
  });
  const text = (await folderFiles(dirname(path)).read(basename(path), contentMetaLimitBytes)).toString(
    'utf8',
  );
  await writeFileWhole(path, stampedContentMeta(text, stamp, filePath), { mode: mode & 0o777 });
}

async function boundByLayers(source: ImageSource, signal: AbortSignal): Promise<BoundSet> {
  return readBoundSet(await readContents(source, { cacheFolder: layerCache(), signal }));
}

/** `oci:DIR[:TAG]`; undefined for a registry's image. @throws Failure `Usage` for what else an image can be read from */
function layoutPlace(text: string): LayoutPlace | undefined {
  const [, transport, rest = ''] = /^(oci|oci-archive|containers-storage):(.*)$/s.exec(text) ?? [];
  if (transport === undefined) return undefined;
  if (transport !== 'oci')
    throw new Failure(
      'Usage',
      `${transport}: images are not written; use oci:DIR or a registry, or --print and build the image with that label`,
    );
  // As containers/image splits it: no path has a colon.
  const [folderPath = '', ...tag] = rest.split(':');
  return { folderPath: resolve(folderPath), tag: tag.join(':') || undefined };
}

function layoutLayers(name: string, { folderPath }: LayoutPlace): LayerSource {
  const files = folderFiles(folderPath);
  return {
    name,
    supportsRanges: true,
    blob: ({ digest }, options) => {
      const { algorithm, hex } = digestParts(digest);
      return files.stream(`blobs/${algorithm}/${hex}`, options);
    },
    close: async () => undefined,
  };
}
