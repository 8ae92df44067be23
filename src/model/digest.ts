declare const brand: unique symbol;

/** A content digest as OCI image-spec "descriptor" writes it: `sha256:` and 64, or `sha512:` and 128, lower-case hex digits. */
export type Digest = string & { readonly [brand]: 'digest' };

const pattern = /^(?:sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$/;

/** The text as a digest, or undefined where it is none. */
export function asDigest(text: unknown): Digest | undefined {
  return typeof text === 'string' && pattern.test(text) ? (text as Digest) : undefined;
}

/** The hash's name as node:crypto takes it, and its lower-case hex. */
export function digestParts(digest: Digest): { algorithm: 'sha256' | 'sha512'; hex: string } {
  const [algorithm, hex] = digest.split(':') as ['sha256' | 'sha512', string];
  return { algorithm, hex };
}

/** The first 12 hex digits, as podman prints them. */
export function shortDigest(digest: Digest): string {
  return digestParts(digest).hex.slice(0, 12);
}
