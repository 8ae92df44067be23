import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runProgram } from '../../src/system/run-program.ts';

/** What signs images, and how policy.json asks for its signatures. */
export interface SigningKey {
  /** A requirement of containers-policy.json(5). */
  readonly requirement: object;
  /** Options of `skopeo copy`, and its environment. */
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** A key of GnuPG's, in a home of its own below the folder. */
export async function makeGpgKey(folderPath: string): Promise<SigningKey> {
  const home = join(folderPath, 'gnupg');
  await mkdir(home, { mode: 0o700 });
  const env = { GNUPGHOME: home };
  const gpg = async (...argv: string[]): Promise<void> => run('gpg', ['--batch', ...argv], env);
  const user = 'signer@example.com';
  await gpg('--passphrase', '', '--quick-generate-key', user, 'ed25519', 'sign', 'never');
  const keyPath = join(folderPath, 'signer.gpg');
  await gpg('--output', keyPath, '--export', user);
  // The agent that was started for it would outlive the test.
  await run('gpgconf', ['--kill', 'all'], env);
  return { requirement: { type: 'signedBy', keyType: 'GPGKeys', keyPath }, argv: [`--sign-by=${user}`], env };
}

/** A key pair of sigstore's, by skopeo. */
export async function makeSigstoreKey(folderPath: string): Promise<SigningKey> {
  const passphrase = join(folderPath, 'passphrase');
  await writeFile(passphrase, 'open sesame\n');
  const prefix = join(folderPath, 'sigstore');
  const secret = `--passphrase-file=${passphrase}`;
  await run('skopeo', ['generate-sigstore-key', `--output-prefix=${prefix}`, secret], {});
  const requirement = {
    type: 'sigstoreSigned',
    keyPath: `${prefix}.pub`,
    signedIdentity: { type: 'matchRepository' },
  };
  const argv = [`--sign-by-sigstore-private-key=${prefix}.private`, `--sign-passphrase-file=${passphrase}`];
  return { requirement, argv, env: {} };
}

/** Writes a registries.d of one scope; JSON is YAML. @returns its path */
export async function writeRegistriesD(folderPath: string, scope: string, entry: object): Promise<string> {
  const path = join(folderPath, 'registries.d');
  await mkdir(path, { recursive: true });
  await writeFile(join(path, 'test.yaml'), JSON.stringify({ docker: { [scope]: entry } }));
  return path;
}

/**
 * Signs an image that is in a registry of plain HTTP, an index with all its images, where `registriesDPath` says.
 * @param identity the name that is signed; unless given the reference itself
 */
export async function signImage(
  reference: string,
  key: SigningKey,
  registriesDPath: string,
  identity = reference,
): Promise<void> {
  const image = `docker://${reference}`;
  const plain = ['--src-tls-verify=false', '--dest-tls-verify=false'];
  const copy = ['copy', '--all', '--preserve-digests', `--sign-identity=${identity}`, ...plain, ...key.argv];
  await run('skopeo', [`--registries.d=${registriesDPath}`, ...copy, image, image], key.env);
}

async function run(program: string, argv: readonly string[], env: SigningKey['env']): Promise<void> {
  const { exitCode, stderr } = await runProgram(program, argv, { env, limitMs: 60_000 });
  if (exitCode !== 0) throw new Error(`${program} failed: ${stderr}`);
}
