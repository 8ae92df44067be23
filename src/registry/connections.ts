import { createSecureContext, type SecureContext } from 'node:tls';
import type { Dispatcher } from 'undici';
import { Failure } from '../model/failure.ts';
import type { Certificates } from './certificates.ts';
import type { RegistryLimits } from './limits.ts';
import { proxyFor } from './proxy.ts';
import { systemAuthorities } from './system-authorities.ts';

/** How far a server is trusted, and who we say we are. One object is one pool of connections. */
export interface Trust {
  readonly certificates: Certificates;
  /** Any certificate will do, and plain HTTP too. */
  readonly insecure: boolean;
}

export interface Connections {
  dispatcherFor(url: URL, trust: Trust): Promise<Dispatcher>;
  close(): Promise<void>;
}

/**
 * Pools of connections, made when first needed. undici is loaded with the first one, so that a program that ends up
 * asking no registry does not pay for it.
 */
export function createConnections(env: NodeJS.ProcessEnv, limits: RegistryLimits): Connections {
  const pools = new Map<Trust, Map<string, Promise<Dispatcher>>>();
  let system: Promise<readonly string[]> | undefined;

  const open = async (secure: boolean, proxy: string | undefined, trust: Trust): Promise<Dispatcher> => {
    // By its default export: a bundle of this CommonJS package has no other.
    const { Agent, ProxyAgent } = (await import('undici')).default;
    system ??= systemAuthorities(env);
    const tls = {
      timeout: limits.connectMs,
      rejectUnauthorized: !trust.insecure,
      ...(secure ? { secureContext: secureContext(trust.certificates, await system) } : {}),
    };
    const options = { connect: tls, allowH2: false, maxHeaderSize: limits.headerBytes };
    if (proxy === undefined) return new Agent(options);
    // Without a tunnel for plain HTTP: proxies refuse CONNECT to port 80.
    return new ProxyAgent({ ...options, uri: proxy, proxyTunnel: false, requestTls: tls });
  };

  return {
    dispatcherFor(url, trust) {
      const proxy = proxyFor(url, env);
      const key = `${url.protocol}${proxy ?? ''}`;
      const ofTrust = pools.get(trust) ?? new Map<string, Promise<Dispatcher>>();
      pools.set(trust, ofTrust);
      const dispatcher = ofTrust.get(key) ?? open(url.protocol === 'https:', proxy, trust);
      ofTrust.set(key, dispatcher);
      return dispatcher;
    },
    async close() {
      const all = [...pools.values()].flatMap((ofTrust) => [...ofTrust.values()]);
      pools.clear();
      await Promise.allSettled(all.map(async (dispatcher) => (await dispatcher).destroy()));
    },
  };
}

function secureContext({ authorities, identities }: Certificates, system: readonly string[]): SecureContext {
  try {
    return createSecureContext({
      ca: [...system, ...authorities],
      cert: identities.map(({ certificate }) => certificate),
      key: identities.map(({ key }) => key),
      minVersion: 'TLSv1.2',
    });
  } catch (error) {
    throw new Failure(
      'BadConfiguration',
      'a certificate or key of certs.d or CertDir= cannot be used; check that they are PEM and belong together',
      {
        cause: error,
      },
    );
  }
}
