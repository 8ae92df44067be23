import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { Digest } from '../../src/model/digest.ts';
import { runProgram } from '../../src/system/run-program.ts';
import { makeOsImage } from '../standin/os-image.ts';
import { type Image, makeImage, makeLayer, seededBytes } from '../support/image.ts';
import { pushImage } from '../support/push.ts';
import { runCli } from './run-cli.ts';

export interface MirrorDocument {
  readonly tag: string;
  readonly set: { readonly digest: Digest; readonly location: string };
  readonly images: readonly {
    readonly reference: string;
    readonly role: string;
    readonly digest: Digest;
    readonly location: string;
  }[];
  readonly bytesToCopy: number;
  readonly bytesPresent: number;
  readonly signatureFiles: number;
}

/** An app of two layers, the first of which all apps share. */
export async function makeApp(seed: string, architecture?: string, sizeBytes = 30_000): Promise<Image> {
  const base = await makeLayer({ base: seededBytes('base', 50_000) });
  const own = await makeLayer({ [seed]: seededBytes(`${seed} ${architecture}`, sizeBytes) });
  return makeImage([base, own], architecture === undefined ? {} : { architecture });
}

/** Pushes an OS image that binds images by their `Image=`, under REGISTRY/os:VERSION. */
export async function pushOs(
  address: string,
  version: string,
  images: readonly string[],
  name = 'os',
): Promise<Digest> {
  const bound = Object.fromEntries(images.map((image, at) => [`app-${at}.image`, image]));
  return pushImage(await makeOsImage({ version, bound }), `${address}/${name}:${version}`);
}

/** `bound-images mirror IMAGE --to TARGET --json ARGV...`, which has to succeed. */
export async function mirror(image: string, to: string, ...argv: string[]): Promise<MirrorDocument> {
  const { exitCode, stdout, stderr } = await runCli(['mirror', image, '--to', to, '--json', ...argv]);
  expect({ exitCode, stderr: exitCode === 0 ? '' : stderr }).toEqual({ exitCode: 0, stderr: '' });
  return JSON.parse(stdout) as MirrorDocument;
}

/** What is in a layout's `blobs`, each held against its name. */
export async function wholeBlobs(layout: string): Promise<string[]> {
  const names = (await readdir(join(layout, 'blobs', 'sha256'))).toSorted();
  for (const name of names) {
    const bytes = await readFile(join(layout, 'blobs', 'sha256', name));
    expect(createHash('sha256').update(bytes).digest('hex')).toBe(name);
  }
  return names;
}

/** The digest of what skopeo finds under a name. */
export async function skopeoDigest(name: string): Promise<string> {
  const result = await runProgram('skopeo', ['inspect', '--raw', '--tls-verify=false', name]);
  expect(result.stderr).toBe('');
  return `sha256:${createHash('sha256').update(result.stdout).digest('hex')}`;
}
