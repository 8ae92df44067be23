import { asDigest, type Digest } from './digest.ts';

/**
 * An image reference, normalised as containers/image does: a name without a registry is docker.io's, one without a path
 * there is in `library/`.
 */
export interface Reference {
  /** As written. */
  readonly text: string;
  /** `host[:port]`, lower case as written: `quay.io`, `localhost:5000`, `[::1]:5000`, `docker.io`. */
  readonly domain: string;
  /** Repository below the domain: `library/alpine`. */
  readonly path: string;
  readonly tag?: string;
  readonly digest?: Digest;
}

export type ParsedReference =
  | { readonly kind: 'reference'; readonly reference: Reference }
  | { readonly kind: 'problem'; readonly text: string };

// The grammar of the distribution project, reference/regexp.go. The name's total length counts the domain, as
// containers/image counts it.
const domainName = String.raw`[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?`;
const domainPattern = new RegExp(
  String.raw`^(?:${domainName}(?:\.${domainName})*|\[[a-fA-F0-9:]+\])(?::[0-9]+)?$`,
);
const pathPart = String.raw`[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*`;
const pathPattern = new RegExp(String.raw`^${pathPart}(?:/${pathPart})*$`);
const tagPattern = /^\w[\w.-]{0,127}$/;
const digestPattern = /^[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}$/;
const imageIdPattern = /^[a-f0-9]{64}$/;
const nameLengthMax = 255;
/** Name, tag and digest at their longest stay well below it; nothing longer is worth a regular expression. */
const textLengthMax = 1024;

/** The reference that podman and skopeo understand by a text, or why they refuse it. */
export function parseReference(text: string): ParsedReference {
  if (text === '') return problem('it is empty');
  if (text.length > textLengthMax) return problem(`it is longer than ${textLengthMax} characters`);
  if (imageIdPattern.test(text)) return problem('64 hexadecimal digits are an image ID, not a name');

  const { rest: nameAndTag, after: digestText } = cut(text, '@');
  // A colon before the last slash belongs to a port.
  const tagStart = nameAndTag.indexOf(':', nameAndTag.lastIndexOf('/') + 1);
  const name = tagStart === -1 ? nameAndTag : nameAndTag.slice(0, tagStart);
  const tag = tagStart === -1 ? undefined : nameAndTag.slice(tagStart + 1);

  const { domain, path } = normalise(name);
  if (!domainPattern.test(domain)) return problem(`"${domain}" is no registry host`);
  if (!pathPattern.test(path)) {
    return problem(
      pathPattern.test(path.toLowerCase())
        ? 'the repository name has upper-case letters'
        : `"${path}" is no repository name`,
    );
  }
  if (`${domain}/${path}`.length > nameLengthMax)
    return problem(`its name is longer than ${nameLengthMax} characters`);
  if (tag !== undefined && !tagPattern.test(tag)) return problem(`"${tag}" is no tag`);
  const digest = asDigest(digestText);
  if (digestText !== undefined && digest === undefined) {
    return problem(
      digestPattern.test(digestText)
        ? `the digest "${digestText}" is not a full, lower-case sha256 or sha512`
        : `"${digestText}" is no digest`,
    );
  }
  return {
    kind: 'reference',
    reference: {
      text,
      domain,
      path,
      ...(tag === undefined ? {} : { tag }),
      ...(digest === undefined ? {} : { digest }),
    },
  };
}

/** No registry is named: podman asks short-name aliases and search registries, which differ from host to host. */
export function isShortName(text: string): boolean {
  return registryOf(text) === undefined;
}

/** Neither tag nor digest: `latest` is meant. */
export function isUntagged(reference: Reference): boolean {
  return reference.tag === undefined && reference.digest === undefined;
}

/**
 * The name containers-storage records when skopeo writes the image under the reference. It is the text itself unless that
 * is short or untagged; `repo:tag@digest` keeps both.
 */
export function storeName(reference: Reference): string {
  const tag = isUntagged(reference) ? 'latest' : reference.tag;
  return (
    `${reference.domain}/${reference.path}` +
    (tag === undefined ? '' : `:${tag}`) +
    (reference.digest === undefined ? '' : `@${reference.digest}`)
  );
}

function normalise(name: string): { domain: string; path: string } {
  const registry = registryOf(name);
  const domain = registry === undefined || registry === 'index.docker.io' ? 'docker.io' : registry;
  const path = registry === undefined ? name : name.slice(registry.length + 1);
  return { domain, path: domain === 'docker.io' && !path.includes('/') ? `library/${path}` : path };
}

/** What stands before the first slash where it can only be a registry: a dot, a port, upper case, or `localhost`. */
function registryOf(name: string): string | undefined {
  const slash = name.indexOf('/');
  if (slash === -1) return undefined;
  const first = name.slice(0, slash);
  const isRegistry = /[.:]/.test(first) || first === 'localhost' || first !== first.toLowerCase();
  return isRegistry ? first : undefined;
}

function cut(text: string, separator: string): { rest: string; after: string | undefined } {
  const at = text.indexOf(separator);
  return at === -1
    ? { rest: text, after: undefined }
    : { rest: text.slice(0, at), after: text.slice(at + 1) };
}

function problem(text: string): ParsedReference {
  return { kind: 'problem', text };
}
