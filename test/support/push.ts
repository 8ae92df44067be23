import { join } from 'node:path';
import type { Digest } from '../../src/model/digest.ts';
import { runProgram } from '../../src/system/run-program.ts';
import { type Image, writeLayout } from './image.ts';
import { temporaryFolder } from './temporary-folder.ts';

export interface PushOptions {
  readonly login?: { readonly user: string; readonly password: string };
  /** Plain HTTP and unknown certificates are taken unless it is true; then the folder has the authority's certificate. */
  readonly certificatesPath?: string;
}

/**
 * Pushes an image, or an index of several, with the real skopeo, its digests unchanged.
 * @param reference where to, without a transport: `127.0.0.1:5000/app:1`.
 * @throws Error with what skopeo said.
 */
export async function pushImage(
  content: Image | readonly Image[],
  reference: string,
  options: PushOptions = {},
): Promise<Digest> {
  await using folder = await temporaryFolder();
  const layout = join(folder.path, 'layout');
  const digest = await writeLayout(layout, 'pushed', content);
  const { login, certificatesPath } = options;
  const tls =
    certificatesPath === undefined ? ['--dest-tls-verify=false'] : [`--dest-cert-dir=${certificatesPath}`];
  const credentials = login === undefined ? [] : [`--dest-creds=${login.user}:${login.password}`];
  const argv = ['copy', '--quiet', '--all', '--preserve-digests', ...tls, ...credentials];
  const result = await runProgram('skopeo', [...argv, `oci:${layout}:pushed`, `docker://${reference}`]);
  if (result.exitCode !== 0) throw new Error(`skopeo could not push ${reference}: ${result.stderr}`);
  return digest;
}
