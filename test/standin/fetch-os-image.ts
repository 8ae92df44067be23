import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync, zstdDecompressSync } from 'node:zlib';
import { createHash } from 'node:crypto';
import { run } from './run.ts';

/** An image reference as bootc's status has it. */
export interface ImageName {
  readonly image: string;
  readonly transport: string;
}

export interface FetchedImage {
  readonly digest: string;
  readonly version: string | null;
  readonly timestamp: string | null;
  readonly architecture: string;
  /** Folder with its unpacked tree, for `withTree` alone. */
  readonly treePath: string;
}

/** As skopeo names it. */
function skopeoName({ image, transport }: ImageName): string {
  return transport === 'registry' ? `docker://${image}` : `${transport}:${image}`;
}

/** The digest that the name means now; what `bootc upgrade --check` asks. */
export function peek(name: ImageName): Omit<FetchedImage, 'treePath'> {
  const manifest = run(['skopeo', 'inspect', '--raw', skopeoName(name)]);
  const config = JSON.parse(run(['skopeo', 'inspect', '--config', skopeoName(name)])) as Config;
  return { digest: digestOf(manifest), ...facts(config) };
}

/** Fetches and unpacks an image for as long as `use` runs. */
export function withTree<T>(name: ImageName, use: (image: FetchedImage) => T): T {
  const folder = mkdtempSync('/var/tmp/standin-');
  try {
    run(['skopeo', 'copy', '--quiet', skopeoName(name), `dir:${folder}/image`]);
    const text = readFileSync(join(folder, 'image', 'manifest.json'), 'utf8');
    const manifest = JSON.parse(text) as { config: Blob; layers: readonly Blob[] };
    const treePath = join(folder, 'tree');
    mkdirSync(treePath);
    for (const layer of manifest.layers) unpack(readBlob(folder, layer), treePath);
    const config = JSON.parse(readBlob(folder, manifest.config).toString('utf8')) as Config;
    return use({ digest: digestOf(text), ...facts(config), treePath });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

interface Blob {
  readonly digest: string;
}

interface Config {
  readonly architecture: string;
  readonly created?: string;
  readonly config?: { readonly Labels?: Readonly<Record<string, string>> | null };
}

function facts({ architecture, created, config }: Config): Omit<FetchedImage, 'digest' | 'treePath'> {
  const version = config?.Labels?.['org.opencontainers.image.version'] ?? null;
  return { architecture, timestamp: created ?? null, version };
}

function readBlob(folder: string, { digest }: Blob): Buffer {
  return readFileSync(join(folder, 'image', digest.replace('sha256:', '')));
}

function unpack(blob: Buffer, treePath: string): void {
  const input = blob[0] === 0x1f ? gunzipSync(blob) : blob[0] === 0x28 ? zstdDecompressSync(blob) : blob;
  const names = run(['tar', '--list', '--file=-'], { input }).split('\n');
  // Whiteouts: OCI image-spec "layer".
  for (const name of names) {
    const [, folder = '', hidden = ''] = /^(.*\/)?\.wh\.([^/]+)$/.exec(name) ?? [];
    if (hidden === '.wh..opq') {
      rmSync(join(treePath, folder), { recursive: true, force: true });
      mkdirSync(join(treePath, folder), { recursive: true });
    } else if (hidden !== '') rmSync(join(treePath, folder, hidden), { recursive: true, force: true });
  }
  run(['tar', '--extract', '--file=-', '--exclude=.wh.*', `--directory=${treePath}`], { input });
}

function digestOf(text: string): string {
  return `sha256:${createHash('sha256').update(text).digest('hex')}`;
}
