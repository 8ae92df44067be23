import { createHash } from 'node:crypto';
import { openOciArchive, openOciLayout } from '../contents/oci-source.ts';
import type { ImageSource, ManifestRules } from '../contents/source.ts';
import { openStoredImage } from '../contents/stored-source.ts';
import { digestParts } from '../model/digest.ts';
import { Failure } from '../model/failure.ts';
import type { ImageConfig, Manifest, Platform } from '../model/manifest.ts';
import { parseReference, type Reference } from '../model/reference.ts';
import { choosePlatform } from '../registry/choose-platform.ts';
import { parseConfig } from '../registry/parse-config.ts';
import { parseManifest } from '../registry/parse-manifest.ts';
import { type Access, hostPlatform } from './access.ts';

/** An OS image, wherever it is. */
export interface OsImageSource extends ImageSource {
  config(signal?: AbortSignal): Promise<ImageConfig>;
}

/** A config with a long history has some hundred KiB. */
const configLimitBytes = 8 * 2 ** 20;

/**
 * Opens an image by a name as containers-transports(5) has it: `docker://REFERENCE` or only the reference, `oci:DIR[:TAG]`,
 * `oci-archive:FILE[:TAG]`, `containers-storage:[SPECIFIER]NAME`.
 * @throws Failure `Usage` for a name that is none of these, `NotFound`, `BadContent`
 */
export async function openOsImage(
  text: string,
  access: Access,
  { platform = hostPlatform(), signal }: { platform?: Platform; signal?: AbortSignal } = {},
): Promise<OsImageSource> {
  const [, transport = '', rest = ''] = /^(oci|oci-archive|containers-storage):(.*)$/s.exec(text) ?? [];
  const rules: ManifestRules = { platform, parse: parseManifest, choose: choosePlatform };
  switch (transport) {
    case 'oci':
      return withConfig(await openOciLayout(rest, rules));
    case 'oci-archive':
      return withConfig(await openOciArchive(rest, rules));
    case 'containers-storage':
      return withConfig(
        await openStoredImage(rest, rules, { temporaryFolder: process.env['TMPDIR'] ?? '/var/tmp', signal }),
      );
    default:
      return registrySource(text, access, platform);
  }
}

async function registrySource(text: string, access: Access, platform: Platform): Promise<OsImageSource> {
  const reference = referenceOf(text);
  const registry = await access.registry();
  const pull = access.pullOfOsImage;
  // Asked for once: the config and the layers are those of one manifest, even where the tag moves meanwhile.
  let resolved: Promise<Manifest> | undefined;
  const manifest = (signal?: AbortSignal): Promise<Manifest> =>
    (resolved ??= registry.resolve(reference, { platform, pull, signal }));
  return {
    name: text,
    supportsRanges: true,
    manifest,
    blob: (descriptor, options = {}) => registry.blob(reference, descriptor, { ...options, pull }),
    config: async (signal) => registry.config(reference, await manifest(signal), { pull, signal }),
    // The registry's connections are the access's to close.
    close: async () => undefined,
  };
}

function referenceOf(text: string): Reference {
  const parsed = parseReference(text.replace(/^docker:\/\//, ''));
  if (parsed.kind === 'reference') return parsed.reference;
  throw new Failure(
    'Usage',
    `"${text}" names no image: ${parsed.text}; give REGISTRY/REPOSITORY:TAG, oci:DIR or oci-archive:FILE`,
  );
}

function withConfig(source: ImageSource): OsImageSource {
  return {
    ...source,
    async config(signal) {
      const { config } = await source.manifest(signal);
      const what = `${source.name}, config ${config.digest}`;
      const pieces: Uint8Array[] = [];
      let sizeBytes = 0;
      for await (const piece of await source.blob(config, { signal })) {
        sizeBytes += piece.length;
        if (sizeBytes > configLimitBytes)
          throw new Failure('BadContent', `${what}: larger than ${configLimitBytes} bytes`);
        pieces.push(piece);
      }
      const bytes = Buffer.concat(pieces);
      const { algorithm, hex } = digestParts(config.digest);
      if (createHash(algorithm).update(bytes).digest('hex') !== hex)
        throw new Failure('DigestMismatch', `${what}: its content has another digest; copy the image anew`);
      return parseConfig(bytes, what);
    },
  };
}
