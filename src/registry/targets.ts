import type { PullOptions } from '../model/definition.ts';
import { Failure } from '../model/failure.ts';
import type { Reference } from '../model/reference.ts';
import type { Target } from './ask.ts';
import type { FindCertificates } from './certificates.ts';
import type { Trust } from './connections.ts';
import type { FindCredential } from './credentials.ts';
import type { Endpoint } from './endpoints.ts';
import type { Credential } from './parse-auth-file.ts';

/**
 * Gives endpoints their credential and trust. Trust is kept by host, so that connections are shared.
 * @returns a function that throws Failure `BadConfiguration` and what the two finders throw
 */
export function createTargets(credentials: FindCredential, certificates: FindCertificates) {
  const trusts = new Map<string, Promise<Trust>>();
  const trustOf = (domain: string, insecure: boolean, certDir: string | undefined): Promise<Trust> => {
    const key = JSON.stringify([domain, insecure, certDir]);
    const trust =
      trusts.get(key) ?? certificates(domain, certDir).then((found) => ({ certificates: found, insecure }));
    trusts.set(key, trust);
    return trust;
  };

  return async (
    endpoint: Endpoint,
    reference: Reference,
    pull: PullOptions,
    signal: AbortSignal | undefined,
  ): Promise<Target> => {
    const { domain, path, blockedBy } = endpoint;
    if (blockedBy !== undefined)
      throw new Failure('BadConfiguration', `${domain}/${path}: registries.conf blocks ${blockedBy}`);
    // TLSVerify= is for all endpoints and goes before registries.conf, as skopeo's --src-tls-verify does.
    const insecure = pull.tlsVerify === undefined ? endpoint.insecure : !pull.tlsVerify;
    // Creds= is meant for the registry in the image's name, and must not go to a mirror.
    const explicit = domain === reference.domain ? pull.creds : undefined;
    const credential =
      explicit === undefined ? await credentials(domain, path, pull, signal) : parseCreds(explicit);
    return { domain, path, credential, trust: await trustOf(domain, insecure, pull.certDir) };
  };
}

function parseCreds(creds: string): Credential {
  const colon = creds.indexOf(':');
  return colon < 0
    ? { username: creds, password: '' }
    : { username: creds.slice(0, colon), password: creds.slice(colon + 1) };
}
