import { access, constants, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { PullOptions } from '../model/definition.ts';
import { Failure } from '../model/failure.ts';

/** skopeo's own options, which stand before `copy`, and those of `copy`. */
export interface PullArguments {
  readonly global: readonly string[];
  readonly copy: readonly string[];
}

/**
 * Pull options as skopeo-copy(1) has them. A password or passphrase is written to a file in `privateFolder`: every local user
 * can read another program's arguments.
 * @param pull with paths of this host
 * @param registry `host[:port]`, which `creds` are for
 * @throws Failure `BadConfiguration`, `Authentication` where the auth file cannot be read
 */
export async function pullArguments(
  pull: PullOptions,
  registry: string,
  privateFolder: string,
): Promise<PullArguments> {
  const authFile = await authFileFor(pull, registry, privateFolder);
  const decryptionKey = await decryptionKeyFor(pull, privateFolder);
  return {
    global: options([
      ['--override-arch', pull.arch],
      ['--override-os', pull.os],
      ['--override-variant', pull.variant],
    ]),
    copy: options([
      ['--src-authfile', authFile],
      ['--src-cert-dir', pull.certDir],
      ['--src-tls-verify', pull.tlsVerify],
      ['--decryption-key', decryptionKey],
      ['--retry-times', pull.retry],
      ['--retry-delay', pull.retryDelayMs === undefined ? undefined : `${pull.retryDelayMs}ms`],
    ]),
  };
}

function options(entries: readonly (readonly [string, string | number | boolean | undefined])[]): string[] {
  return entries.filter(([, value]) => value !== undefined).map(([name, value]) => `${name}=${value}`);
}

async function authFileFor(
  { creds, authFile }: PullOptions,
  registry: string,
  privateFolder: string,
): Promise<string> {
  if (creds !== undefined) {
    const path = join(privateFolder, 'auth.json');
    // podman takes what has no colon for a user without a password.
    const auth = Buffer.from(creds.includes(':') ? creds : `${creds}:`).toString('base64');
    await writeSecret(path, JSON.stringify({ auths: { [registry]: { auth } } }));
    return path;
  }
  // Without one skopeo would use the logins of whoever runs it, which bootc never does.
  if (authFile === undefined) {
    const path = join(privateFolder, 'auth.json');
    await writeSecret(path, '{}');
    return path;
  }
  // skopeo takes a file that is not there for an empty one, and pulls without a login.
  if (!(await isReadable(authFile)))
    throw new Failure('Authentication', `${authFile}: cannot be read; make it there, or remove AuthFile=`);
  return authFile;
}

/** `path[:passphrase]`. What follows the first colon may itself be `file=`, `fd=`, `pass=` or `0x`: ocicrypt-keys, "private key". */
async function decryptionKeyFor(
  { decryptionKey }: PullOptions,
  privateFolder: string,
): Promise<string | undefined> {
  if (decryptionKey === undefined || !decryptionKey.includes(':')) return decryptionKey;
  const colon = decryptionKey.indexOf(':');
  const path = decryptionKey.slice(0, colon);
  const passphrase = decryptionKey.slice(colon + 1);
  if (passphrase.startsWith('file=')) return decryptionKey;
  if (passphrase.startsWith('fd='))
    throw new Failure(
      'BadConfiguration',
      `${path}: no descriptor can be handed on; name a file with file=PATH`,
    );
  const file = join(privateFolder, 'passphrase');
  await writeSecret(file, passphraseBytes(passphrase));
  return `${path}:file=${file}`;
}

function passphraseBytes(text: string): string | Buffer {
  if (text.startsWith('pass=')) return text.slice('pass='.length);
  return /^0x(?:[0-9a-fA-F]{2})+$/.test(text) ? Buffer.from(text.slice(2), 'hex') : text;
}

async function writeSecret(path: string, content: string | Buffer): Promise<void> {
  await writeFile(path, content, { flag: 'wx', mode: 0o600 });
}

async function isReadable(path: string): Promise<boolean> {
  try {
    await access(path, constants.R_OK);
    return true;
  } catch {
    return false;
  }
}
