import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { diskTree } from '../definitions/disk-tree.ts';
import { resolve } from '../definitions/resolve.ts';
import type { Digest } from '../model/digest.ts';
import { Failure } from '../model/failure.ts';
import type { PullOptions } from '../model/definition.ts';
import type { Manifest, Platform } from '../model/manifest.ts';
import type { Want } from '../plan/want.ts';
import type { Registry } from '../registry/registry.ts';
import { version } from './version.ts';

/** How an image is reached, by us for its manifest and by skopeo for its layers: the same credentials and certificates. */
export interface Access extends AsyncDisposable {
  /** Opened at the first call. */
  readonly registry: () => Promise<Registry>;
  /** How an OS image is pulled: no quadlet says anything of it. */
  readonly pullOfOsImage: PullOptions;
  readonly resolve: (want: Want, signal: AbortSignal) => Promise<Manifest>;
  /** What a tag means now, an index's digest where it means one. */
  readonly resolveDigest: (want: Want, signal: AbortSignal) => Promise<Digest>;
  /** The want's pull options with paths of this host in place of those inside its root. */
  readonly pullOptions: (want: Want) => Promise<PullOptions>;
}

/** The host's own settings (registries.conf, certs.d, logins); a root that is only being built has none that are in force. */
const hostPath = '/';

/**
 * @param rootPath the root that the definitions are in: `AuthFile=` and `CertDir=` are paths there
 * @param authFile takes the place of bootc's, for images whose quadlet names none
 */
export function openAccess(rootPath: string, authFile: string | undefined): Access {
  let registry: Promise<Registry> | undefined;
  const authFileOf = async (pull: PullOptions): Promise<string | undefined> => {
    if (pull.authFile !== undefined) return pathOnHost(rootPath, pull.authFile, 'AuthFile');
    if (authFile !== undefined) return authFile;
    // Loaded here and not before: most runs find everything present and ask no registry.
    const { findAuthFile } = await import('../registry/credentials.ts');
    return findAuthFile(hostPath);
  };
  const pullOptions = async ({ pull }: Want): Promise<PullOptions> => {
    const found = await authFileOf(pull);
    return {
      ...pull,
      ...(found === undefined ? {} : { authFile: found }),
      ...(pull.certDir === undefined ? {} : { certDir: await pathOnHost(rootPath, pull.certDir, 'CertDir') }),
    };
  };
  const openedRegistry = (): Promise<Registry> => (registry ??= openHostRegistry());
  return {
    registry: openedRegistry,
    pullOfOsImage: authFile === undefined ? {} : { authFile },
    pullOptions,
    async resolve(want, signal) {
      return (await openedRegistry()).resolve(want.reference, {
        platform: hostPlatform(),
        pull: await pullOptions(want),
        signal,
      });
    },
    async resolveDigest(want, signal) {
      return (await openedRegistry()).resolveDigest(want.reference, {
        pull: await pullOptions(want),
        signal,
      });
    },
    async [Symbol.asyncDispose]() {
      // Where it could not be opened, its user has been told.
      await registry?.then(
        (opened) => opened.close(),
        () => undefined,
      );
    },
  };
}

async function openHostRegistry(): Promise<Registry> {
  // Most of what a pull reads is of no use a moment later: collected early it takes a quarter less memory, and no more time. To be said
  // before the HTTP client is loaded: what is there grows in other ways.
  for (const flag of ['--optimize-for-size', '--semi-space-growth-factor=1']) setFlagsFromString(flag);
  const { openRegistry } = await import('../registry/open-registry.ts');
  return openRegistry(hostPath, { userAgent: `bound-images/${version}` });
}

async function pathOnHost(rootPath: string, path: string, key: string): Promise<string> {
  const resolved = await resolve(diskTree(rootPath), path);
  if (resolved.kind === 'file' || resolved.kind === 'folder') return join(rootPath, resolved.path);
  throw new Failure(
    'BadConfiguration',
    `${key}=${path} is not there in ${rootPath}: make it, or mend the quadlet`,
  );
}

/** What this host runs, in Go's words (OCI image-spec "image index", `platform`). */
export function hostPlatform(): Platform {
  const architectures: Partial<Record<string, string>> = { x64: 'amd64', ia32: '386', ppc64: 'ppc64le' };
  const architecture = architectures[process.arch] ?? process.arch;
  return { os: 'linux', architecture, ...(architecture === 'arm' ? { variant: 'v7' } : {}) };
}
