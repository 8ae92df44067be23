import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { runProgram } from '../../src/system/run-program.ts';
import { allowPlainHttp } from '../cli/scene.ts';
import { type Image, makeImage, makeLayer, seededBytes, writeLayout } from '../support/image.ts';
import { type Registry, type RegistryRequest, startRegistry } from '../support/registry.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import type { BenchResult } from './result.ts';

const files = 4_000;
const fileBytes = 50_000;
const boundImage = 'registry.example/app:1';
const layerCache = '/var/cache/bound-images';

/** How the OS image is pushed, and what the answers of the registry to two looks at it are judged by. */
interface Kind {
  readonly name: string;
  readonly stamp: boolean;
  readonly push: readonly string[];
  readonly bar: number;
  readonly judge: (
    first: readonly RegistryRequest[],
    second: readonly RegistryRequest[],
    image: Pushed,
  ) => number;
}

interface Pushed {
  readonly layerDigests: readonly string[];
  readonly sizeBytes: number;
}

const kinds: readonly Kind[] = [
  {
    name: 'bound-set-stamped',
    stamp: true,
    push: [],
    bar: 1,
    // The larger share of what is allowed: three requests, 64 KiB.
    judge: (first) => Math.max(first.length / 3, bytesOf(first) / 65_536),
  },
  {
    name: 'bound-set-chunked',
    stamp: false,
    push: ['--dest-compress-format=zstd:chunked'],
    bar: 0.01,
    judge: (first, _, { sizeBytes }) => bytesOf(first) / sizeBytes,
  },
  {
    name: 'bound-set-gzip',
    stamp: false,
    push: ['--dest-compress-format=gzip'],
    bar: 1,
    // How often the layer was asked for that was asked for most.
    judge: (first, second, { layerDigests }) =>
      Math.max(
        ...layerDigests.map(
          (digest) => [...first, ...second].filter(({ path }) => path.endsWith(digest)).length,
        ),
      ),
  },
];

/** What it takes to learn the bound set of an OS image of 200 MB in a registry, counted at the registry; twice, on one host. */
export async function boundSet(program: string, name: string): Promise<BenchResult> {
  const kind = kinds.find((each) => each.name === name);
  if (kind === undefined) throw new Error(`there is no bench ${name}`);
  await using folder = await temporaryFolder();
  await using registry = await startRegistry();
  await using _plainHttp = await allowPlainHttp();
  const reference = `${registry.address}/os:1`;
  const pushed = await push(program, kind, folder.path, reference);
  await rm(layerCache, { recursive: true, force: true });

  const look = async (): Promise<Look> => {
    const before = (await allRequests(registry)).length;
    const startMs = performance.now();
    const { exitCode, stdout } = await runProgram(process.execPath, [
      program,
      'inspect',
      reference,
      '--json',
    ]);
    const tookMs = performance.now() - startMs;
    if (exitCode !== 0 || !stdout.includes(boundImage)) throw new Error(`inspect ended with ${exitCode}`);
    return { tookMs, requests: (await allRequests(registry)).slice(before) };
  };
  const first = await look();
  const second = await look();
  return {
    name,
    value: kind.judge(first.requests, second.requests, pushed),
    bar: kind.bar,
    detail: {
      requests: first.requests.length,
      bytes: bytesOf(first.requests),
      imageBytes: pushed.sizeBytes,
      ms: first.tookMs,
      againRequests: second.requests.length,
      againBytes: bytesOf(second.requests),
      againMs: second.tookMs,
    },
  };
}

interface Look {
  readonly tookMs: number;
  readonly requests: readonly RegistryRequest[];
}

function bytesOf(requests: readonly RegistryRequest[]): number {
  return requests.reduce((total, { sizeBytes }) => total + sizeBytes, 0);
}

/** What was asked so far. The registry tells of an answer once it has ended: one that is asked last is told of last. */
async function allRequests(registry: Registry): Promise<readonly RegistryRequest[]> {
  const marker = `/v2/?${randomUUID()}`;
  await (await fetch(registry.url + marker)).arrayBuffer();
  for (;;) {
    const requests = registry.requests();
    const end = requests.findIndex(({ path }) => path === marker);
    if (end >= 0) return requests.slice(0, end).filter(({ path }) => !path.startsWith('/v2/?'));
    await new Promise(setImmediate);
  }
}

/** Pushes the OS image as the kind says: a large layer of many files, and above it the quadlet. */
async function push(program: string, kind: Kind, folder: string, reference: string): Promise<Pushed> {
  const layout = join(folder, 'layout');
  await writeLayout(layout, 'os', await osImage());
  const source = `oci:${layout}:os`;
  if (kind.stamp) await run(process.execPath, [program, 'stamp', source]);
  await run('skopeo', [
    'copy',
    '--quiet',
    '--dest-tls-verify=false',
    ...kind.push,
    source,
    `docker://${reference}`,
  ]);
  const shown = await run('skopeo', ['inspect', '--raw', '--tls-verify=false', `docker://${reference}`]);
  const { layers } = JSON.parse(shown.toString()) as { layers: { digest: string; size: number }[] };
  return {
    layerDigests: layers.map(({ digest }) => digest),
    sizeBytes: layers.reduce((total, { size }) => total + size, 0),
  };
}

async function osImage(): Promise<Image> {
  const contents = Array.from({ length: files }, (_, index) => {
    const name = `usr/share/files/${index}`;
    return [name, seededBytes(name, fileBytes)] as const;
  });
  const base = await makeLayer(Object.fromEntries(contents), 'none');
  const quadlet = await makeLayer(
    {
      'usr/share/containers/systemd/app.image': `[Image]\nImage=${boundImage}\n`,
      'usr/lib/bootc/bound-images.d/app.image': { link: '/usr/share/containers/systemd/app.image' },
    },
    'none',
  );
  return makeImage([base, quadlet]);
}

async function run(program: string, argv: readonly string[]): Promise<Buffer> {
  const { exitCode, stdout, stderr } = await runProgram(program, argv);
  if (exitCode !== 0) throw new Error(`${program} ${argv.join(' ')}: ${stderr}`);
  return stdout;
}
