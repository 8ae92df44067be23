import type { RegistriesConf } from './parse-registries-conf.ts';

/** What a later file says replaces what an earlier one said of the same prefix or alias. An empty alias takes it away. */
export function mergeRegistriesConf(files: readonly RegistriesConf[]): RegistriesConf {
  const helpers = files.findLast(
    ({ credentialHelpers }) => credentialHelpers !== undefined,
  )?.credentialHelpers;
  const tables = new Map(files.flatMap(({ registries }) => registries).map((table) => [table.prefix, table]));
  return {
    registries: [...tables.values()],
    ...(helpers === undefined ? {} : { credentialHelpers: helpers }),
    aliases: new Map(
      [...new Map(files.flatMap(({ aliases }) => [...aliases]))].filter(([, name]) => name !== ''),
    ),
  };
}
