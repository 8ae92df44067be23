import { parse, TomlError } from 'smol-toml';
import * as v from 'valibot';
import { Failure } from '../model/failure.ts';
import { validate } from './validate.ts';

interface Mirror {
  readonly location: string;
  readonly insecure: boolean;
  readonly pullFromMirror: 'all' | 'digest-only' | 'tag-only';
}

/** One `[[registry]]`. */
export interface RegistryTable {
  readonly prefix: string;
  /** Absent only with a wildcard prefix: the reference is used as it is. */
  readonly location?: string;
  readonly insecure: boolean;
  readonly blocked: boolean;
  readonly mirrors: readonly Mirror[];
}

/** containers-registries.conf(5), version 2, as far as it decides where an image is pulled from. */
export interface RegistriesConf {
  /** Each prefix once. */
  readonly registries: readonly RegistryTable[];
  readonly credentialHelpers?: readonly string[];
  /** Short name to full name. */
  readonly aliases: ReadonlyMap<string, string>;
}

export const emptyRegistriesConf: RegistriesConf = { registries: [], aliases: new Map() };

const schema = v.object({
  registry: v.optional(
    v.array(
      v.object({
        prefix: v.optional(v.string(), ''),
        location: v.optional(v.string(), ''),
        insecure: v.optional(v.boolean(), false),
        blocked: v.optional(v.boolean(), false),
        'mirror-by-digest-only': v.optional(v.boolean(), false),
        'pull-from-mirror': v.optional(v.undefined()),
        mirror: v.optional(
          v.array(
            v.object({
              location: v.string(),
              insecure: v.optional(v.boolean(), false),
              'pull-from-mirror': v.optional(v.picklist(['', 'all', 'digest-only', 'tag-only']), ''),
            }),
          ),
          [],
        ),
      }),
    ),
    [],
  ),
  'credential-helpers': v.optional(v.array(v.string())),
  aliases: v.optional(v.record(v.string(), v.string()), {}),
  // Version 1: [registries.search], [registries.insecure], [registries.block].
  registries: v.optional(v.unknown()),
});
type Table = NonNullable<v.InferOutput<typeof schema>['registry']>[number];

/** @throws Failure `BadConfiguration` naming `file` */
export function parseRegistriesConf(text: string, file: string): RegistriesConf {
  const conf = validate(schema, parseToml(text, file), file, 'BadConfiguration');
  if (conf.registries !== undefined)
    throw wrong(
      file,
      'it is in version 1 of the format, which podman no longer reads; use [[registry]] tables',
    );
  const tables = conf.registry.map((table) => readTable(table, file));
  const byPlace = new Map<string, RegistryTable>();
  const byPrefix = new Map<string, RegistryTable>();
  for (const table of tables) {
    const place = table.location ?? table.prefix;
    const other = byPlace.get(place) ?? table;
    if (other.insecure !== table.insecure || other.blocked !== table.blocked)
      throw wrong(file, `${place} is there twice, with different "insecure" or "blocked"`);
    byPlace.set(place, table);
    // The first of several with one prefix counts, as in c/image.
    if (!byPrefix.has(table.prefix)) byPrefix.set(table.prefix, table);
  }
  return {
    registries: [...byPrefix.values()],
    ...(conf['credential-helpers'] === undefined ? {} : { credentialHelpers: conf['credential-helpers'] }),
    aliases: new Map(Object.entries(conf.aliases)),
  };
}

function readTable(table: Table, file: string): RegistryTable {
  const location = place(table.location, file);
  const prefix = place(table.prefix, file) || location;
  const wildcard = prefix.startsWith('*.');
  if (prefix === '') throw wrong(file, 'a [[registry]] has neither prefix nor location');
  if (location === '' && !wildcard) throw wrong(file, `the [[registry]] ${prefix} needs a location`);
  if (wildcard && /[/@:]/.test(prefix)) throw wrong(file, `${prefix} has to be as "*.example.com"`);
  const digestOnly = table['mirror-by-digest-only'];
  const mirrors = table.mirror.map((mirror): Mirror => {
    const own = mirror['pull-from-mirror'];
    if (place(mirror.location, file) === '') throw wrong(file, `a mirror of ${prefix} has no location`);
    if (digestOnly && own !== '')
      throw wrong(
        file,
        `${prefix} has mirror-by-digest-only, and its mirror pull-from-mirror; keep one of them`,
      );
    return {
      location: place(mirror.location, file),
      insecure: mirror.insecure,
      pullFromMirror: own === '' ? (digestOnly ? 'digest-only' : 'all') : own,
    };
  });
  const { insecure, blocked } = table;
  return { prefix, ...(location === '' ? {} : { location }), insecure, blocked, mirrors };
}

function place(text: string, file: string): string {
  if (/^https?:\/\//.test(text))
    throw wrong(file, `${JSON.stringify(text.slice(0, 200))} must not begin with a scheme`);
  return text.replace(/\/+$/, '');
}

function parseToml(text: string, file: string): unknown {
  try {
    return parse(text);
  } catch (error) {
    if (!(error instanceof TomlError))
      throw new Failure('BadConfiguration', `${file}: not TOML`, { cause: error });
    throw new Failure(
      'BadConfiguration',
      `${file}:${error.line}: ${error.message.split('\n', 1)[0] ?? 'not TOML'}`,
    );
  }
}

function wrong(file: string, text: string): Failure {
  return new Failure('BadConfiguration', `${file}: ${text}`);
}
