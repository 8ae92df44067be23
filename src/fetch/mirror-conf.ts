import { stringify } from 'smol-toml';
import type { PullOptions } from '../model/definition.ts';
import type { MirrorImage, ServedAt } from './mirror-image.ts';

/**
 * registries.conf (containers-registries.conf(5)) that leads skopeo from an image's repository to the mirror, and nowhere else:
 * without its own `location` there is nothing to fall back to past our limits of bandwidth and of a metered network. Mirrors
 * and locations of the host's own are followed by whom the mirror asks.
 */
export function mirrorConf({ reference }: MirrorImage, { location }: ServedAt): string {
  return stringify({
    // The mirror knows no logins: no helper program of the host's has to be asked for one.
    'credential-helpers': ['containers-auth.json'],
    registry: [{ prefix: `${reference.domain}/${reference.path}`, location, insecure: true }],
  });
}

/** registries.d: skopeo looks signatures up by where an image comes from, and that is now the mirror. JSON is YAML. */
export function mirrorRegistriesD({ signatures }: MirrorImage, { location, lookaside }: ServedAt): string {
  return JSON.stringify({
    docker: { [location]: { lookaside, 'use-sigstore-attachments': signatures.attachments } },
  });
}

/**
 * What of pull options skopeo is still told. The rest is for whom the mirror asks; logins have nothing to do on loopback, and
 * `TLSVerify=true` would forbid the mirror's plain HTTP.
 */
export function mirroredPull({ arch, os, variant, decryptionKey }: PullOptions): PullOptions {
  return {
    ...(arch === undefined ? {} : { arch }),
    ...(os === undefined ? {} : { os }),
    ...(variant === undefined ? {} : { variant }),
    ...(decryptionKey === undefined ? {} : { decryptionKey }),
  };
}
