import { certificatesOf } from './certificates.ts';
import { credentialsOf } from './credentials.ts';
import { defaultLimits, type RegistryLimits } from './limits.ts';
import { createRegistry, type Registry, type RegistryParts } from './registry.ts';
import { readRegistriesConf } from './registries-conf.ts';

/**
 * A registry client with the settings of a host: registries.conf, certs.d, and bootc's auth.json. To be imported only when a
 * registry is asked: `await import('../registry/open-registry.ts')`.
 * @param hostPath the root that the settings are in: `/`
 * @throws Failure `BadConfiguration`
 */
export async function openRegistry(
  hostPath: string,
  parts: Pick<RegistryParts, 'userAgent' | 'onRequest'> & Partial<RegistryParts>,
  limits: RegistryLimits = defaultLimits,
): Promise<Registry> {
  const config = parts.config ?? (await readRegistriesConf(hostPath));
  return createRegistry(
    {
      credentials: credentialsOf(hostPath, config.credentialHelpers ?? ['containers-auth.json']),
      certificates: certificatesOf(hostPath),
      env: process.env,
      ...parts,
      config,
    },
    limits,
  );
}
