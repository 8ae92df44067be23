import { link, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { digestParts, type Digest } from '../model/digest.ts';
import { Failure } from '../model/failure.ts';
import type { Manifest } from '../model/manifest.ts';
import { parseReference, type Reference } from '../model/reference.ts';
import { findAuthFile } from '../registry/credentials.ts';
import { parseManifest } from '../registry/parse-manifest.ts';
import { digestOf } from '../registry/verify-body.ts';
import { classifySkopeo } from '../store/classify-skopeo.ts';
import { makeFolder } from '../system/make-folder.ts';
import { runProgram } from '../system/run-program.ts';
import type { Access } from '../prefetch/access.ts';
import { type LayerSource, stampLayout, type StampFor, type Stamped } from './layout.ts';

const tag = 'stamped';
const indexTypes = /(?:manifest\.list\.v2|image\.index\.v1)\+json$/;

/**
 * Stamps a registry's image: manifests and configs are fetched into a layout, stamped there and pushed under the same tag. Layers
 * are only read for what they bind, and never sent: the registry has them.
 * @throws Failure `Usage` where the reference has no tag to write, those of the registry and of skopeo
 */
export async function stampRegistry(
  text: string,
  access: Access,
  stampWith: (layers: LayerSource) => StampFor,
  signal: AbortSignal,
): Promise<Stamped> {
  const reference = taggedReference(text);
  const registry = await access.registry();
  const pull = access.pullOfOsImage;
  const authFile = pull.authFile ?? (await findAuthFile('/'));
  const folder = await mkdtemp(join(process.env['TMPDIR'] ?? '/var/tmp', 'bound-images-'));

  const skopeo = async (...argv: readonly string[]): Promise<Buffer> => {
    const { exitCode, stdout, stderr } = await runProgram('skopeo', argv, { signal });
    if (exitCode === 0) return stdout;
    const reason = classifySkopeo(stderr);
    throw new Failure(reason.code, `${text}: ${reason.text}`);
  };
  const login = (option: string): string[] => (authFile === undefined ? [] : [`${option}=${authFile}`]);
  const rawManifest = (name: string): Promise<Buffer> =>
    skopeo('inspect', '--raw', ...login('--authfile'), '--', `docker://${name}`);
  const put = async (bytes: Buffer, digest: Digest): Promise<void> =>
    writeFile(join(folder, 'blobs', ...Object.values(digestParts(digest))), bytes);
  const putImage = async (manifest: Manifest): Promise<void> => {
    await put(manifest.bytes, manifest.digest);
    const config = await registry.config(reference, manifest, { pull, signal });
    await put(config.bytes, manifest.config.digest);
  };

  try {
    for (const each of ['sha256', 'sha512']) await makeFolder(join(folder, 'blobs', each));
    const repository = `${reference.domain}/${reference.path}`;
    const bytes = await rawManifest(`${repository}:${reference.tag}`);
    const digest = digestOf(bytes, undefined);
    const top = parseManifest(bytes, digest, undefined, text);
    if (top.kind === 'image') await putImage(top.manifest);
    else {
      await put(bytes, digest);
      for (const entry of top.index.manifests) {
        const each = await rawManifest(`${repository}@${entry.digest}`);
        if (digestOf(each, entry.digest) !== entry.digest)
          throw new Failure('DigestMismatch', `${text}: ${entry.digest} is not what came`);
        const parsed = parseManifest(each, entry.digest, entry.mediaType, text);
        if (parsed.kind === 'index')
          throw new Failure('BadContent', `${text}: an index leads to another index`);
        await putImage(parsed.manifest);
      }
    }
    const { mediaType } = top.kind === 'image' ? top.manifest : top.index;
    await writeFile(join(folder, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
    const annotations = { 'org.opencontainers.image.ref.name': tag };
    const descriptor = { mediaType, digest, size: bytes.length, annotations };
    await writeFile(
      join(folder, 'index.json'),
      JSON.stringify({ schemaVersion: 2, manifests: [descriptor] }),
    );

    const layers: LayerSource = {
      name: text,
      supportsRanges: true,
      blob: (layer, options = {}) => registry.blob(reference, layer, { ...options, pull }),
      close: async () => undefined,
    };
    const stamped = await stampLayout({ folderPath: folder, tag }, stampWith(layers));
    if (stamped.changed) {
      // policy.json judges what may run here, and this is sent from here: a host that runs signed images alone may stamp.
      const argv = [
        '--insecure-policy',
        'copy',
        '--quiet',
        '--preserve-digests',
        ...login('--dest-authfile'),
      ];
      const all = indexTypes.test(mediaType) ? ['--all'] : [];
      const from = `dir:${await dirOf(folder, stamped.digest)}`;
      await skopeo(...argv, ...all, '--', from, `docker://${repository}:${reference.tag}`);
    }
    return stamped;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/**
 * The layout's manifests and configs as containers/image's `dir:` has them, in a folder below it: skopeo takes no manifest of
 * Docker's format out of a layout.
 */
async function dirOf(layoutPath: string, top: Digest): Promise<string> {
  const path = join(layoutPath, 'dir');
  await mkdir(path);
  for (const algorithm of ['sha256', 'sha512'])
    for (const hex of await readdir(join(layoutPath, 'blobs', algorithm))) {
      const blobPath = join(layoutPath, 'blobs', algorithm, hex);
      // Which of them is a manifest does not matter: only what the first one names is asked for.
      await link(blobPath, join(path, hex));
      await link(blobPath, join(path, `${hex}.manifest.json`));
    }
  await link(join(path, digestParts(top).hex), join(path, 'manifest.json'));
  await writeFile(join(path, 'version'), 'Directory Transport Version: 1.1\n');
  return path;
}

/** The reference, whose tag is what is written. */
function taggedReference(text: string): Reference & { readonly tag: string } {
  const parsed = parseReference(text.replace(/^docker:\/\//, ''));
  if (parsed.kind === 'problem')
    throw new Failure(
      'Usage',
      `"${text}" names no image: ${parsed.text}; give REGISTRY/REPOSITORY:TAG or oci:DIR`,
    );
  const { digest, tag = 'latest' } = parsed.reference;
  if (digest !== undefined)
    throw new Failure(
      'Usage',
      `${text}: a stamp changes the digest; name the image by the tag that is to have it`,
    );
  return { ...parsed.reference, tag };
}
