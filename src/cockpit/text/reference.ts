export interface ReferenceParts {
  /** `quay.io/example/app`, without transport. */
  readonly name: string;
  /** '' where there is none. */
  readonly tag: string;
  readonly digest: string;
}

/** Takes apart what names an image, an OS image with its transport (`docker://`, `ostree-image-signed:docker://`) too, to be shown. */
export function splitReference(reference: string): ReferenceParts {
  const bare = reference.replace(/^.*:\/\//, '').replace(/^registry:/, '');
  const [named = '', digest = ''] = bare.split('@', 2);
  const colon = named.lastIndexOf(':');
  // A colon before a slash is a registry's port.
  return colon > named.lastIndexOf('/')
    ? { name: named.slice(0, colon), tag: named.slice(colon + 1), digest }
    : { name: named, tag: '', digest };
}

/** `0123456789ab`, as podman shortens digests. */
export function shortDigest(digest: string): string {
  return digest.replace(/^sha\d+:/, '').slice(0, 12);
}
