import { join } from 'node:path';
import type { PullOptions } from '../model/definition.ts';
import { Failure } from '../model/failure.ts';
import { askHelper } from './credential-helper.ts';
import { findAuth, parseAuthFile, type AuthFile, type Credential } from './parse-auth-file.ts';
import { readSmallFile } from './read-small-file.ts';

/** Finds the credential for a repository on a host; undefined means anonymous. */
export type FindCredential = (
  domain: string,
  path: string,
  pull: PullOptions,
  signal?: AbortSignal,
) => Promise<Credential | undefined>;

/** bootc's own order (bootc, crates/ostree-ext/src/globals.rs). Logins of podman or of a user are not looked at. */
const authPaths = ['/run/ostree/auth.json', '/etc/ostree/auth.json', '/usr/lib/ostree/auth.json'];

/**
 * Credentials of a host: the first of bootc's files, or the quadlet's `AuthFile=` in its place.
 * @param hostPath the root that all paths are in
 * @param helpers `credential-helpers` of registries.conf, where "containers-auth.json" means those files
 * @returns a function that throws Failure `BadConfiguration`, `ProgramMissing`, `BadContent`, `TimedOut`, `Cancelled`
 */
export function credentialsOf(hostPath: string, helpers: readonly string[]): FindCredential {
  const files = new Map<string, Promise<AuthFile | undefined>>();
  const read = (explicit: string | undefined): Promise<AuthFile | undefined> => {
    const key = explicit ?? '';
    const file = files.get(key) ?? readAuthFile(hostPath, explicit);
    files.set(key, file);
    return file;
  };
  return async (domain, path, pull, signal) => {
    for (const helper of helpers) {
      const credential =
        helper === 'containers-auth.json'
          ? await fromFile(await read(pull.authFile), domain, path, signal)
          : await askHelper(helper, domain, signal);
      if (credential !== undefined) return credential;
    }
    return undefined;
  };
}

/** The first of bootc's auth files that a host has, for a program that is to use the same logins. */
export async function findAuthFile(hostPath: string): Promise<string | undefined> {
  const paths = authPaths.map((path) => join(hostPath, path));
  for (const path of paths) if ((await readSmallFile(path)) !== undefined) return path;
  return undefined;
}

async function readAuthFile(hostPath: string, explicit: string | undefined): Promise<AuthFile | undefined> {
  const file = explicit === undefined ? await findAuthFile(hostPath) : join(hostPath, explicit);
  if (file === undefined) return undefined;
  const text = await readSmallFile(file);
  if (text === undefined)
    throw new Failure('BadConfiguration', `the auth file ${file} is not there; log in, or mend the quadlet`);
  return parseAuthFile(text, file);
}

async function fromFile(
  file: AuthFile | undefined,
  domain: string,
  path: string,
  signal: AbortSignal | undefined,
): Promise<Credential | undefined> {
  if (file === undefined) return undefined;
  const helper = file.credHelpers.get(domain);
  if (helper !== undefined) return askHelper(helper, domain, signal);
  const credential = findAuth(file, domain, path);
  if (credential !== undefined || file.credsStore === undefined) return credential;
  try {
    return await askHelper(file.credsStore, domain, signal);
  } catch (error) {
    // podman does not know `credsStore`: a file brought along from a desktop must not break what podman can pull.
    if (error instanceof Failure && error.code === 'ProgramMissing') return undefined;
    throw error;
  }
}
