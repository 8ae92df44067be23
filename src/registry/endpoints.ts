import { Failure } from '../model/failure.ts';
import type { Reference } from '../model/reference.ts';
import type { RegistriesConf, RegistryTable } from './parse-registries-conf.ts';

/** One place to ask for a repository. */
export interface Endpoint {
  /** `host[:port]` as configured. */
  readonly domain: string;
  /** Repository on that host. */
  readonly path: string;
  /** Plain HTTP and unknown certificates are accepted. */
  readonly insecure: boolean;
  /** The prefix of a table that blocks this place. */
  readonly blockedBy?: string;
}

/**
 * Where a reference is to be looked for, in order: the mirrors that serve this kind of reference, and last the location itself
 * (containers-registries.conf(5), "Remapping and mirroring registries").
 * @throws Failure `BadConfiguration`: blocked, a rewritten name that is none, or a short name that this host takes for
 * something else
 */
export function endpointsOf(reference: Reference, conf: RegistriesConf): readonly Endpoint[] {
  const name = `${reference.domain}/${reference.path}`;
  checkAlias(reference, name, conf);
  const table = tableOf(name, conf);
  if (table === undefined) return [{ domain: reference.domain, path: reference.path, insecure: false }];
  if (table.blocked)
    throw new Failure(
      'BadConfiguration',
      `${name}: registries.conf blocks ${table.prefix}; unblock it, or bind another image`,
    );
  const skipped = reference.digest === undefined ? 'digest-only' : 'tag-only';
  const mirrors = table.mirrors.filter(({ pullFromMirror }) => pullFromMirror !== skipped);
  return [...mirrors, table].map(({ location, insecure }) => {
    const rewritten = location === undefined ? name : location + name.slice(matchLength(name, table.prefix));
    const place = { ...splitName(rewritten, table.prefix), insecure };
    const blocking = tableOf(rewritten, conf);
    return blocking?.blocked ? { ...place, blockedBy: blocking.prefix } : place;
  });
}

/** The table with the longest prefix; of two as long, a wildcard and a host, the wildcard (c/image sorts them as text). */
function tableOf(name: string, conf: RegistriesConf): RegistryTable | undefined {
  return conf.registries
    .filter(({ prefix }) => matchLength(name, prefix) >= 0)
    .sort((a, b) => b.prefix.length - a.prefix.length || (a.prefix < b.prefix ? -1 : 1))
    .at(0);
}

/**
 * How much of a name a prefix covers, or -1. A host matches itself with any port too: c/image says that this is not meant, but
 * does it, and the image that skopeo then pulls comes from there.
 */
function matchLength(name: string, prefix: string): number {
  const wildcard = prefix.startsWith('*.');
  const part = wildcard ? prefix.slice(1) : prefix;
  const at = wildcard ? name.indexOf(part) : 0;
  if (at < 0 || !name.startsWith(part, at) || name.slice(0, at).includes('/')) return -1;
  const end = at + part.length;
  return end === name.length || ':/@'.includes(name.charAt(end)) ? end : -1;
}

const host = /^(?:\[[0-9a-fA-F:]+\]|[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?)(?::\d{1,5})?$/;
const path = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$/;

function splitName(name: string, prefix: string): { domain: string; path: string } {
  const slash = name.indexOf('/');
  const domain = name.slice(0, Math.max(slash, 0));
  const rest = name.slice(slash + 1);
  const full = /[.:A-Z[]/.test(domain) || domain === 'localhost';
  if (!full || !host.test(domain) || !path.test(rest))
    throw new Failure(
      'BadConfiguration',
      `registries.conf, prefix ${prefix}: its locations make ${JSON.stringify(name.slice(0, 300))}, which is not host/repository`,
    );
  return { domain, path: rest };
}

/** podman would follow its alias, and we the normalised name: two different images under one name are worse than none. */
function checkAlias(reference: Reference, name: string, conf: RegistriesConf): void {
  const short = reference.text.replace(/@.*$/, '').replace(/:[^/]*$/, '');
  const alias = conf.aliases.get(short);
  if (alias === undefined || alias === name) return;
  throw new Failure(
    'BadConfiguration',
    `${reference.text} is a short name that registries.conf takes for ${alias}; write the full name into Image=`,
  );
}
