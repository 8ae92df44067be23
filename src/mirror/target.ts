import { createHash } from 'node:crypto';
import { dirname, join, resolve } from 'node:path';
import type { RegistryPlace } from '../bundle/mirror-names.ts';
import { Failure } from '../model/failure.ts';
import { parseReference } from '../model/reference.ts';
import { layerCache } from '../prefetch/read-os-image.ts';

/** Where a set is mirrored to. */
export type MirrorTarget = { readonly name: string } & (
  | { readonly kind: 'layout'; readonly path: string }
  | { readonly kind: 'archive'; readonly path: string }
  | { readonly kind: 'registry'; readonly place: RegistryPlace }
);

/** `oci:DIR`, `oci-archive:FILE`, `docker://REGISTRY[/PREFIX]`. @throws Failure `Usage` */
export function parseTarget(text: string): MirrorTarget {
  const refused = (why: string): Failure =>
    new Failure('Usage', `--to ${text}: ${why}; give docker://REGISTRY/PREFIX, oci:DIR or oci-archive:FILE`);
  const [, transport, path = ''] = /^(oci|oci-archive):(.+)$/s.exec(text) ?? [];
  if (transport !== undefined) {
    // containers/image would take what follows it for a tag, however the path was meant.
    if (path.includes(':')) throw refused('a path has no colon, and a tag is given by --tag');
    return {
      kind: transport === 'oci' ? 'layout' : 'archive',
      name: `${transport}:${path}`,
      path: resolve(path),
    };
  }
  const [, where] = /^docker:\/\/(.+?)\/*$/s.exec(text) ?? [];
  if (where === undefined) throw refused('it is of no known kind');
  const slash = where.indexOf('/');
  const domain = slash === -1 ? where : where.slice(0, slash);
  const prefix = slash === -1 ? '' : where.slice(slash + 1);
  const parsed = parseReference([domain, prefix, 'image'].filter((part) => part !== '').join('/'));
  if (parsed.kind === 'problem') throw refused(parsed.text);
  const { reference } = parsed;
  if (reference.domain !== domain) throw refused(`"${domain}" is no registry host`);
  return { kind: 'registry', name: text, place: { domain, prefix } };
}

/** The layout that a set is gathered in: the target's own, or a folder of the cache that the next try finds again. */
export async function layoutOf(target: MirrorTarget): Promise<string> {
  if (target.kind === 'layout') return target.path;
  const key = createHash('sha256')
    .update(target.kind === 'archive' ? target.path : target.name)
    .digest('hex');
  return join(dirname(layerCache()), 'mirror', key.slice(0, 16));
}
