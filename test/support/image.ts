import { createCipheriv, createHash } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { pack } from 'tar-stream';
import type { Digest } from '../../src/model/digest.ts';

/** What a layer puts at a path: a file's content, or more of it. A whiteout is an empty file `.wh.NAME`. */
export type LayerEntry =
  | string
  | Uint8Array
  | { readonly content: string | Uint8Array; readonly mode: number }
  | { readonly link: string }
  | { readonly hardLink: string }
  | { readonly folder: true };

export type Compression = 'gzip' | 'zstd' | 'none';

export interface Blob {
  readonly mediaType: string;
  readonly digest: Digest;
  readonly size: number;
  readonly bytes: Buffer;
}

export interface Layer extends Blob {
  /** Of the uncompressed tar. */
  readonly diffDigest: Digest;
}

export interface Image {
  readonly manifest: Blob;
  readonly config: Blob;
  readonly layers: readonly Layer[];
  readonly architecture: string;
}

export interface ImageOptions {
  readonly architecture?: string;
  readonly labels?: Readonly<Record<string, string>>;
  /** What runs, for an image that does. */
  readonly command?: readonly string[];
  readonly annotations?: Readonly<Record<string, string>>;
}

const suffix = { gzip: '+gzip', zstd: '+zstd', none: '' };

/** A layer with the given entries by path (without a leading slash), the same bytes for the same input on every machine. */
export async function makeLayer(
  entries: Readonly<Record<string, LayerEntry>>,
  compression: Compression = 'gzip',
): Promise<Layer> {
  const tar = await makeTar(entries);
  const bytes = { gzip: gzipSync, zstd: zstdCompressSync, none: (all: Buffer) => all }[compression](tar);
  const mediaType = `application/vnd.oci.image.layer.v1.tar${suffix[compression]}`;
  return { ...makeBlob(mediaType, bytes), diffDigest: digestOf(tar) };
}

/** A layer with the static busybox of this machine: an image on top of it runs `sh`, `cat`, `sleep` and the like. */
export async function busyboxLayer(): Promise<Layer> {
  const busybox = { content: await readFile('/bin/busybox'), mode: 0o755 };
  const names = ['sh', 'cat', 'echo', 'ls', 'sleep', 'true', 'sha256sum'];
  const links = names.map((name) => [`bin/${name}`, { link: 'busybox' }] as const);
  return makeLayer({ 'bin/busybox': busybox, ...Object.fromEntries(links) });
}

/** An image of the given layers, base first. */
export function makeImage(layers: readonly Layer[], options: ImageOptions = {}): Image {
  const { architecture = machineArchitecture(), labels, command, annotations } = options;
  const config = makeJson('application/vnd.oci.image.config.v1+json', {
    created: '2026-01-01T00:00:00Z',
    architecture,
    os: 'linux',
    config: { Cmd: command, Labels: labels },
    rootfs: { type: 'layers', diff_ids: layers.map((layer) => layer.diffDigest) },
    history: layers.map(() => ({ created: '2026-01-01T00:00:00Z', created_by: 'test' })),
  });
  const mediaType = 'application/vnd.oci.image.manifest.v1+json';
  const manifest = makeJson(mediaType, {
    schemaVersion: 2,
    mediaType,
    config: descriptorOf(config),
    layers: layers.map(descriptorOf),
    annotations,
  });
  return { manifest, config, layers, architecture };
}

/**
 * Writes an image, or an index of one image a platform, into an OCI layout under a name; several may share one layout.
 * @returns what the name stands for: the manifest's digest, or the index's.
 */
export async function writeLayout(
  layoutPath: string,
  name: string,
  content: Image | readonly Image[],
): Promise<Digest> {
  const images = 'manifest' in content ? [content] : content;
  const blobs = images.flatMap((image) => [image.manifest, image.config, ...image.layers]);
  const top = 'manifest' in content ? content.manifest : makeIndex(content);
  await mkdir(join(layoutPath, 'blobs', 'sha256'), { recursive: true });
  for (const blob of [...blobs, top])
    await writeFile(join(layoutPath, 'blobs', ...blob.digest.split(':')), blob.bytes);
  await writeFile(join(layoutPath, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
  const indexPath = join(layoutPath, 'index.json');
  const index = JSON.parse(await readFile(indexPath, 'utf8').catch(() => '{"manifests":[]}')) as {
    manifests: { annotations: Record<string, string> }[];
  };
  const refName = 'org.opencontainers.image.ref.name';
  const others = index.manifests.filter((entry) => entry.annotations[refName] !== name);
  const manifests = [...others, { ...descriptorOf(top), annotations: { [refName]: name } }];
  await writeFile(indexPath, JSON.stringify({ schemaVersion: 2, manifests }));
  return top.digest;
}

/** Bytes that no compression makes smaller, the same for the same seed. */
export function seededBytes(seed: string, sizeBytes: number): Buffer {
  const key = createHash('sha256').update(seed).digest();
  return createCipheriv('aes-256-ctr', key, Buffer.alloc(16)).update(Buffer.alloc(sizeBytes));
}

function makeIndex(images: readonly Image[]): Blob {
  const mediaType = 'application/vnd.oci.image.index.v1+json';
  const manifests = images.map((image) => ({
    ...descriptorOf(image.manifest),
    platform: { os: 'linux', architecture: image.architecture },
  }));
  return makeJson(mediaType, { schemaVersion: 2, mediaType, manifests });
}

async function makeTar(entries: Readonly<Record<string, LayerEntry>>): Promise<Buffer> {
  const tar = pack();
  const bytes = buffer(tar);
  for (const [name, entry] of Object.entries(entries)) {
    const header = { name, mtime: new Date(0) };
    if (typeof entry === 'string' || entry instanceof Uint8Array) tar.entry(header, Buffer.from(entry));
    else if ('content' in entry) tar.entry({ ...header, mode: entry.mode }, Buffer.from(entry.content));
    else if ('link' in entry) tar.entry({ ...header, type: 'symlink', linkname: entry.link });
    else if ('hardLink' in entry) tar.entry({ ...header, type: 'link', linkname: entry.hardLink });
    else tar.entry({ ...header, type: 'directory' });
  }
  tar.finalize();
  return bytes;
}

function makeJson(mediaType: string, value: unknown): Blob {
  return makeBlob(mediaType, Buffer.from(JSON.stringify(value)));
}

function makeBlob(mediaType: string, bytes: Buffer): Blob {
  return { mediaType, digest: digestOf(bytes), size: bytes.length, bytes };
}

function descriptorOf({ mediaType, digest, size }: Blob): Omit<Blob, 'bytes'> {
  return { mediaType, digest, size };
}

function digestOf(bytes: Buffer): Digest {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}` as Digest;
}

/** As Go and so OCI name it. */
function machineArchitecture(): string {
  return process.arch === 'x64' ? 'amd64' : process.arch;
}
