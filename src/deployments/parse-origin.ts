const textLengthMax = 1024;

/**
 * The OS image of a deployment out of its origin file, as containers-transports(5) has it; undefined where it has none.
 * `container-image-reference` is one of ostree-ext: a way to check signatures, then a transport that may be part of that word.
 */
export function parseOrigin(text: string): string | undefined {
  const value = /^container-image-reference\s*=\s*(\S+)\s*$/m.exec(text)?.[1];
  if (value === undefined || value.length > textLengthMax) return undefined;
  const rest =
    /^(?:ostree-image-signed|ostree-unverified-image):(.+)$/.exec(value)?.[1] ??
    /^ostree-remote-image:[^:]+:(.+)$/.exec(value)?.[1];
  const registry =
    /^ostree-unverified-registry:(.+)$/.exec(value)?.[1] ??
    /^ostree-remote-registry:[^:]+:(.+)$/.exec(value)?.[1] ??
    /^(?:registry:|docker:\/\/)(.+)$/.exec(rest ?? '')?.[1];
  return registry === undefined ? rest : `docker://${registry}`;
}
