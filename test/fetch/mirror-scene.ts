import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { type LoopbackMirror, startLoopbackMirror } from '../../src/fetch/loopback-mirror.ts';
import { writeMirrorHome } from '../../src/fetch/mirror-home.ts';
import type { MirrorHooks, MirrorImage, MirrorParts } from '../../src/fetch/mirror-image.ts';
import { readRegistriesD, readSignatureFile } from '../../src/fetch/mirror-lookaside.ts';
import { signaturePlaces } from '../../src/fetch/mirror-signatures.ts';
import { parseReference } from '../../src/model/reference.ts';
import { endpointsOf } from '../../src/registry/endpoints.ts';
import { openRegistry } from '../../src/registry/open-registry.ts';
import { parseRegistriesConf } from '../../src/registry/parse-registries-conf.ts';
import { storeReference } from '../../src/store/store-reference.ts';
import { runProgram, type ProgramResult } from '../../src/system/run-program.ts';
import { makeStore, type TestStore } from '../support/store.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

export interface MirrorSceneOptions {
  /** Text of the host's registries.conf; unless given all of 127.0.0.1 is reached by plain HTTP. */
  readonly registriesConf?: string;
  readonly registriesDPath?: string;
  /** What `signedBy` and the like are asked of, by scope of transport docker; else everything is accepted. */
  readonly policy?: Readonly<Record<string, readonly object[]>>;
  readonly parts?: Partial<MirrorParts>;
}

export interface CopyOptions extends MirrorHooks {
  /** What skopeo is asked for, `repo:tag`; unless given the planned reference. */
  readonly source?: string;
  readonly argv?: readonly string[];
  readonly copyArgv?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
  /** `127.0.0.1:PORT` of what stands between skopeo and the mirror. */
  readonly via?: string;
  /** The store as containers-transports(5) has it; unless given the scene's, without settings of the host's. */
  readonly store?: string;
}

/** A mirror before the registry client, and skopeo that writes into a store through it. */
export interface MirrorScene extends AsyncDisposable {
  readonly folderPath: string;
  readonly store: TestStore;
  readonly mirror: LoopbackMirror;
  plan(text: string): Promise<MirrorImage>;
  /** Copies into the store under the same name. */
  copy(image: MirrorImage, options?: CopyOptions): Promise<ProgramResult>;
}

const platform = { os: 'linux', architecture: process.arch === 'x64' ? 'amd64' : process.arch };
const plainHttp = '[[registry]]\nlocation = "127.0.0.1"\ninsecure = true\n';

export async function makeMirrorScene(options: MirrorSceneOptions = {}): Promise<MirrorScene> {
  const folder = await temporaryFolder();
  const store = await makeStore();
  const config = parseRegistriesConf(options.registriesConf ?? plainHttp, 'registries.conf');
  const registry = await openRegistry('/', { userAgent: 'test/1', config, env: {} });
  const registriesD = await readRegistriesD(JSON.parse, [options.registriesDPath ?? '/nonexistent']);
  const policyPath = join(folder.path, 'policy.json');
  const policy = {
    default: [{ type: 'insecureAcceptAnything' }],
    transports: { docker: options.policy ?? {} },
  };
  await writeFile(policyPath, JSON.stringify(policy));
  const mirror = await startLoopbackMirror({
    cached: async () => undefined,
    blob: (reference, descriptor, { from, to }, signal) =>
      registry.blob(reference, descriptor, { signal, range: { offset: from, lengthBytes: to - from } }),
    manifest: (reference, signal) => registry.manifest(reference, { signal }),
    signature: (url, signal) =>
      url.protocol === 'file:' ? readSignatureFile(url) : registry.signature(url, signal),
    ...options.parts,
  });
  let runs = 0;
  return {
    folderPath: folder.path,
    store,
    mirror,
    async plan(text) {
      const parsed = parseReference(text);
      if (parsed.kind === 'problem') throw new Error(parsed.text);
      const { reference } = parsed;
      const signatures = signaturePlaces(registriesD, reference, endpointsOf(reference, config));
      return { reference, manifest: await registry.resolve(reference, { platform }), signatures };
    },
    async copy(
      image,
      { source, argv = [], copyArgv = [], env = {}, signal, via, store: other, ...hooks } = {},
    ) {
      using open = mirror.serve(image, hooks);
      const [address = ''] = open.location.split('/');
      const through = (text: string): string => text.replace(address, via ?? address);
      const served = { location: through(open.location), lookaside: through(open.lookaside) };
      const home = join(folder.path, `home-${(runs += 1)}`);
      const homeEnv = await writeMirrorHome(home, image, served);
      const { text } = image.reference;
      const runRoot = join(store.runPath, 'mirror');
      const place = other ?? (await storeReference({ storePath: store.path, runRoot }));
      const all = [`--policy=${policyPath}`, ...argv, 'copy', ...copyArgv, '--'];
      // Awaited here, or the image is no longer served when skopeo asks.
      return await runProgram('skopeo', [...all, `docker://${source ?? text}`, `${place}${text}`], {
        env: { ...homeEnv, ...env },
        signal,
        limitMs: 60_000,
      });
    },
    [Symbol.asyncDispose]: async () => {
      await mirror[Symbol.asyncDispose]();
      await registry.close();
      await store[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
}

/** A cache that has blobs of a registry's own folder, and what was read of it. */
export function cacheOf(blobsPath: string): { cached: MirrorParts['cached']; read: string[] } {
  const read: string[] = [];
  const cached: MirrorParts['cached'] = async (digest, { from, to }) => {
    const hex = digest.replace('sha256:', '');
    read.push(`${digest} ${from}-${to}`);
    const bytes = await readFile(join(blobsPath, hex.slice(0, 2), hex, 'data'));
    return Readable.from([bytes.subarray(from, to)]);
  };
  return { cached, read };
}
