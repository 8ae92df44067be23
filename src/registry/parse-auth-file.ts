import * as v from 'valibot';
import { Failure } from '../model/failure.ts';
import { parseJson, validate } from './validate.ts';

/** Secret. `identityToken` is an OAuth2 refresh token and goes before the password. */
export interface Credential {
  readonly username: string;
  readonly password: string;
  readonly identityToken?: string;
}

/** containers-auth.json(5), and `credsStore` of Docker's config.json. */
export interface AuthFile {
  readonly auths: ReadonlyMap<string, Credential>;
  /** Suffix of the helper program's name, by host. */
  readonly credHelpers: ReadonlyMap<string, string>;
  readonly credsStore?: string;
}

const schema = v.object({
  auths: v.nullish(
    v.record(
      v.string(),
      v.nullable(v.object({ auth: v.nullish(v.string()), identitytoken: v.nullish(v.string()) })),
    ),
  ),
  credHelpers: v.nullish(v.record(v.string(), v.string())),
  credsStore: v.nullish(v.string()),
});

/** @throws Failure `BadConfiguration` naming `file`; never a value of it. */
export function parseAuthFile(text: string, file: string): AuthFile {
  const { auths, credHelpers, credsStore } = validate(
    schema,
    parseJson(text, file, 'BadConfiguration'),
    file,
    'BadConfiguration',
  );
  const found = new Map<string, Credential>();
  for (const [key, entry] of Object.entries(auths ?? {})) {
    const credential = decode(entry?.auth ?? '', entry?.identitytoken ?? '', `${file}: auths.${key}`);
    if (credential !== undefined) found.set(key, credential);
  }
  return {
    auths: found,
    credHelpers: new Map(Object.entries(credHelpers ?? {})),
    ...(credsStore ? { credsStore } : {}),
  };
}

/**
 * The credential for a repository: keys with a path, the longest first, then the host, then the host as older logins wrote
 * it (`https://index.docker.io/v1/`).
 */
export function findAuth(file: AuthFile, domain: string, path: string): Credential | undefined {
  const parts = [domain, ...path.split('/')];
  for (let length = parts.length; length > 0; length -= 1) {
    const credential = file.auths.get(parts.slice(0, length).join('/'));
    if (credential !== undefined) return credential;
  }
  const host = normalHost(domain);
  for (const [key, credential] of file.auths) {
    // Only a URL is reduced to its host: a key `host/path` is for that path alone.
    if ((/^https?:\/\//.test(key) || !key.includes('/')) && normalHost(key) === host) return credential;
  }
  return undefined;
}

function decode(auth: string, identityToken: string, what: string): Credential | undefined {
  const compact = auth.replaceAll(/[\r\n]/g, '');
  if (!/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(compact))
    throw new Failure('BadConfiguration', `${what}: "auth" is not base64; log in again`);
  const decoded = Buffer.from(compact, 'base64').toString('utf8');
  const colon = decoded.indexOf(':');
  // Docker writes `{}` where a helper keeps the credential.
  if (colon < 0 && identityToken === '') return undefined;
  return {
    username: decoded.slice(0, Math.max(colon, 0)),
    // Older logins padded it with NUL.
    password: colon < 0 ? '' : decoded.slice(colon + 1).replaceAll(/^\0+|\0+$/g, ''),
    ...(identityToken === '' ? {} : { identityToken }),
  };
}

function normalHost(key: string): string {
  const host = key.replace(/^https?:\/\//, '').split('/', 1)[0] ?? '';
  return host === 'docker.io' || host === 'registry-1.docker.io' ? 'index.docker.io' : host;
}
