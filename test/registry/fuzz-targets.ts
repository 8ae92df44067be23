import { endpointsOf } from '../../src/registry/endpoints.ts';
import { mergeRegistriesConf } from '../../src/registry/merge-registries-conf.ts';
import { findAuth, parseAuthFile } from '../../src/registry/parse-auth-file.ts';
import { parseConfig } from '../../src/registry/parse-config.ts';
import { parseManifest } from '../../src/registry/parse-manifest.ts';
import { parseRegistriesConf } from '../../src/registry/parse-registries-conf.ts';
import { bytesTarget, type FuzzTarget } from '../fuzz/target.ts';
import { configText, imageText, indexText, refer, sha256 } from './sample.ts';

const auth =
  '{"auths":{"a.test/x":{"auth":"dTpw","identitytoken":"t"}},"credHelpers":{"b":"c"},"credsStore":"d"}';
const conf = `credential-helpers = ["a"]
[[registry]]
prefix = "*.a.test"
[[registry]]
prefix = "a.test/x"
location = "b.test"
insecure = true
[[registry.mirror]]
location = "m.test/y"
pull-from-mirror = "digest-only"
[aliases]
"x" = "a.test/x"
`;

const buffers = (...texts: readonly string[]): Buffer[] => texts.map((text) => Buffer.from(text));

export const registryTargets: readonly FuzzTarget[] = [
  bytesTarget('registry/manifest', buffers(imageText, indexText), async (bytes) => {
    for (const type of [undefined, 'text/plain', 'application/vnd.oci.image.index.v1+json', ';;'])
      parseManifest(bytes, sha256(bytes), type, 'it');
  }),
  bytesTarget('registry/config', buffers(configText), async (bytes) => parseConfig(bytes, 'it')),
  bytesTarget('registry/auth-file', buffers(auth), async (bytes) =>
    findAuth(parseAuthFile(bytes.toString('utf8'), 'f'), 'a.test', 'x/y'),
  ),
  bytesTarget('registry/registries-conf', buffers(conf), async (bytes) => {
    const parsed = parseRegistriesConf(bytes.toString('utf8'), 'f');
    for (const host of ['a.test', 'q.a.test', 'c'])
      endpointsOf(refer(host, 'x/app:1'), mergeRegistriesConf([parsed, parseRegistriesConf(conf, 'g')]));
  }),
];
