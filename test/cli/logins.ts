import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';

export interface Login {
  readonly user: string;
  readonly password: string;
}

/** A file of logins as containers-auth.json(5) has it. */
export function authFileText(registry: string, { user, password }: Login): string {
  const auth = Buffer.from(`${user}:${password}`).toString('base64');
  return JSON.stringify({ auths: { [registry]: { auth } } });
}

/** Writes it where this host's own programs look for one, until it is disposed of. */
export async function writeHostAuthFile(
  path: string,
  registry: string,
  login: Login,
): Promise<AsyncDisposable> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, authFileText(registry, login), { mode: 0o600, flag: 'wx' });
  return { [Symbol.asyncDispose]: () => rm(path) };
}
