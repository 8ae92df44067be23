import * as v from 'valibot';
import { Failure } from '../model/failure.ts';
import type { Reference } from '../model/reference.ts';

/** Where the signatures of an image are kept. */
export interface SignaturePlaces {
  /** URLs of lookaside storages, the repository's path included; `@sha256=HEX/signature-1` follows. */
  readonly lookasides: readonly URL[];
  /** Whether the registry is asked for those of sigstore, as tags `sha256-HEX.sig`. */
  readonly attachments: boolean;
}

interface Scope {
  readonly lookaside?: string;
  readonly attachments?: boolean;
}

/** containers-registries.d(5), as far as it says where signatures are read. The scope "" is `default-docker`. */
export type RegistriesD = ReadonlyMap<string, Scope>;

const scope = v.pipe(
  v.object({
    lookaside: v.nullish(v.string()),
    sigstore: v.nullish(v.string()),
    'use-sigstore-attachments': v.nullish(v.boolean()),
  }),
  v.transform(({ lookaside, sigstore, 'use-sigstore-attachments': attachments }): Scope => {
    // `sigstore` is what `lookaside` was called before.
    const place = lookaside || sigstore;
    return {
      ...(place ? { lookaside: place } : {}),
      ...(typeof attachments === 'boolean' ? { attachments } : {}),
    };
  }),
);
const schema = v.nullish(
  v.object({ 'default-docker': v.nullish(scope), docker: v.nullish(v.record(v.string(), v.nullish(scope))) }),
);

/**
 * The files of registries.d as one.
 * @param files parsed YAML by path
 * @throws Failure `BadConfiguration`: a file that is none, or a scope in two files, which skopeo refuses as well
 */
export function mergeRegistriesD(files: ReadonlyMap<string, unknown>): RegistriesD {
  const merged = new Map<string, Scope>();
  for (const [path, content] of files) {
    const parsed = v.safeParse(schema, content);
    if (!parsed.success)
      throw new Failure('BadConfiguration', `${path}: not as containers-registries.d(5) says; mend it`);
    const { 'default-docker': fallback, docker } = parsed.output ?? {};
    for (const [name, found] of [['', fallback], ...Object.entries(docker ?? {})] as const) {
      if (found === undefined) continue;
      if (merged.has(name))
        throw new Failure(
          'BadConfiguration',
          `${path}: ${name || 'default-docker'} is in another file of registries.d too; keep one of them`,
        );
      merged.set(name, found ?? {});
    }
  }
  return merged;
}

/** What counts where nothing is configured, for root (containers/image, docker/registries_d.go). */
const builtInLookaside = 'file:///var/lib/containers/sigstore';

/**
 * Where skopeo would look for an image's signatures if it asked the registry itself. It goes by the place that the image comes from,
 * a mirror's name where it is a mirror; as that may be any of them, all count.
 * @param endpoints `host[:port]/repository` of each place that registries.conf gives for it, in their order
 * @throws Failure `BadConfiguration`
 */
export function signaturePlaces(
  config: RegistriesD,
  { tag, digest }: Reference,
  endpoints: readonly { readonly domain: string; readonly path: string }[],
): SignaturePlaces {
  const lookasides = new Map<string, URL>();
  let attachments = false;
  for (const { domain, path } of endpoints) {
    const name = `${domain}/${path}`;
    const scopes = scopesOf(domain, name, digest === undefined ? `:${tag ?? 'latest'}` : `@${digest}`);
    const found = scopes.flatMap((each) => config.get(each) ?? []);
    const base = found.find(({ lookaside }) => lookaside !== undefined)?.lookaside ?? builtInLookaside;
    const url = URL.canParse(base) ? new URL(base) : undefined;
    if (url === undefined || !/^(?:file|https?):$/.test(url.protocol))
      throw new Failure(
        'BadConfiguration',
        `registries.d: the lookaside of ${name} is no file: or http: URL`,
      );
    // As Go joins them: a URL without a path has an empty one there, and slashes stay as they are.
    url.pathname = `${url.pathname === '/' && !base.endsWith('/') ? '' : url.pathname}/${path}`;
    lookasides.set(url.href, url);
    attachments ||= found.find((each) => each.attachments !== undefined)?.attachments ?? false;
  }
  return { lookasides: [...lookasides.values()], attachments };
}

/** The image, its repository, the namespaces above, the registry, `*.` and its parent domains, the default. */
function scopesOf(domain: string, name: string, suffix: string): string[] {
  const parts = name.split('/');
  const labels = domain.split('.');
  return [
    `${name}${suffix}`,
    ...parts.map((_, index) => parts.slice(0, parts.length - index).join('/')),
    ...labels.slice(1).map((_, index) => `*.${labels.slice(index + 1).join('.')}`),
    '',
  ];
}
