import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Failure } from '../model/failure.ts';
import { findByName, type Inventory, type StoredImage } from '../model/inventory.ts';
import type { Manifest } from '../model/manifest.ts';
import { policyFor } from '../policy/policy-for.ts';
import type { Policy } from '../policy/parse-policy.ts';
import type { Want } from '../plan/want.ts';
import { parseManifest } from '../registry/parse-manifest.ts';
import { digestOf } from '../registry/verify-body.ts';
import { classifySkopeo } from '../store/classify-skopeo.ts';
import { imagesFolder } from '../store/layout.ts';
import { readInventory } from '../store/read-inventory.ts';
import { storeReference } from '../store/store-reference.ts';
import { verifyStored } from '../store/verify-store.ts';
import { runProgram } from '../system/run-program.ts';
import type { Access } from '../prefetch/access.ts';
import { containersStorePath } from '../prefetch/containers-store.ts';
import type { Fetching } from '../prefetch/fetching.ts';
import { importSurveyed, type Imported } from './from-set.ts';
import type { PrefetchEvent } from '../prefetch/prefetch.ts';
import type { ImportPull } from '../prefetch/pull-images.ts';
import { readHostPolicy } from '../prefetch/read-host-policy.ts';
import { runRoot } from '../prefetch/run-root.ts';
import { surveyOsImage } from '../prefetch/survey.ts';

/**
 * Makes present in a store what an OS image binds, out of podman's store, which has them by name.
 * @param source `containers-storage:NAME`
 * @throws Failure as `importSet`
 */
export async function importStored(
  source: string,
  storePath: string,
  access: Access,
  fetching: () => Promise<Fetching>,
  signal: AbortSignal,
  onEvent: (event: PrefetchEvent) => void,
): Promise<Imported> {
  const image = source.slice('containers-storage:'.length);
  if (image.startsWith('['))
    throw new Failure(
      'Usage',
      `${source}: only podman's own store is a source; give containers-storage:NAME`,
    );
  const survey = await surveyOsImage(source, storePath, access, signal);
  const inventory = await readInventory(containersStorePath(), { signal });
  const policy = await readHostPolicy();
  const fromStored: Access = {
    ...access,
    resolve: async (want) => manifestIn(inventory, checked(inventory, policy, want)),
  };
  const importPull = importOut(inventory, storePath);
  const images = await importSurveyed(survey, fromStored, fetching, importPull, signal, onEvent);
  const digest = findByName(inventory, image)?.digests[0] ?? survey.osImage.manifest.digest;
  return { place: { original: image, digest, transport: 'containers-storage', image }, images, survey };
}

/** The image that a want means, where it may come from there. @throws Failure `NotFound`, `Policy`, `BadContent` */
function checked(inventory: Inventory, policy: Policy, { image, storeName, reference }: Want): StoredImage {
  if (reference.digest !== undefined)
    throw new Failure(
      'BadContent',
      `${image}: podman's store has it unpacked, and gives back nothing under the digest that it had; use bound-images mirror`,
    );
  const stored = findByName(inventory, storeName);
  if (stored === undefined)
    throw new Failure('NotFound', `${image}: ${inventory.storePath} does not have it; podman pull it first`);
  if (stored.missing.length > 0)
    throw new Failure('BadContent', `${image}: damaged in ${inventory.storePath}; podman pull it again`);
  // There it is under another transport, for which policy.json mostly says nothing.
  if (!policyFor(policy, reference).every((type) => type === 'insecureAcceptAnything'))
    throw new Failure(
      'Policy',
      `${image}: policy.json asks for signatures, and podman's store has none to show; use bound-images mirror`,
    );
  return stored;
}

async function manifestIn({ storePath, driver }: Inventory, { id }: StoredImage): Promise<Manifest> {
  const path = join(storePath, imagesFolder(driver), id, 'manifest');
  const bytes = await readFile(path).catch((error: unknown) => {
    throw new Failure('BadContent', `${path} cannot be read`, { cause: error });
  });
  const parsed = parseManifest(bytes, digestOf(bytes, undefined), undefined, path);
  if (parsed.kind === 'image') return parsed.manifest;
  throw new Failure('BadContent', `${path} is that of an index`);
}

/** skopeo copies the layers; the record keeps the manifest that the image came with, so that it answers to its digest there too. */
function importOut(from: Inventory, storePath: string): ImportPull {
  return async ({ want }, signal) => {
    const { storeName } = want;
    const stored = findByName(from, storeName);
    const to = await storeReference({ storePath, runRoot: await runRoot() });
    // Judged before, by its name.
    const argv = [
      '--insecure-policy',
      'copy',
      '--quiet',
      '--',
      `containers-storage:@${stored?.id}`,
      `${to}${storeName}`,
    ];
    const { exitCode, stderr } = await runProgram('skopeo', argv, { signal });
    if (exitCode !== 0) {
      const { code, text } = classifySkopeo(stderr);
      throw new Failure(code, `${storeName}: ${text}`);
    }
    const inventory = await readInventory(storePath, { signal });
    const { kind } = await verifyStored(inventory, storeName, stored?.digests[0]);
    if (kind !== 'present')
      throw new Failure('StoreDamaged', `${storeName}: ${kind} in ${storePath} though it was just written`);
  };
}
