import { expect, test } from 'vitest';
import { endpointsOf } from '../../src/registry/endpoints.ts';
import { parseRegistriesConf } from '../../src/registry/parse-registries-conf.ts';
import { readRegistriesConf } from '../../src/registry/registries-conf.ts';
import { hostRoot } from './host-root.ts';
import { refer, sha256 } from './sample.ts';

const digest = `@${sha256('x')}`;
const mirrored = `
[[registry]]
prefix = "example.com/foo"
location = "internal.test/bar"
insecure = true
[[registry.mirror]]
location = "m0.test/for-foo/"
[[registry.mirror]]
location = "m1.test:5000"
insecure = true
`;
const kinds = `
[[registry]]
location = "example.com"
[[registry.mirror]]
location = "digests.test"
pull-from-mirror = "digest-only"
[[registry.mirror]]
location = "tags.test"
pull-from-mirror = "tag-only"
[[registry.mirror]]
location = "both.test"
pull-from-mirror = "all"
`;

// [what, registries.conf, host, rest, endpoints with "!" where insecure]
const cases: [string, string, string, string, string[]][] = [
  ['nothing', '', 'example.com', 'foo/a:1', ['example.com/foo/a']],
  [
    'mirrors, then the location',
    mirrored,
    'example.com',
    'foo/a:1',
    ['m0.test/for-foo/a', 'm1.test:5000/a!', 'internal.test/bar/a!'],
  ],
  ['another namespace', mirrored, 'example.com', 'foobar/a:1', ['example.com/foobar/a']],
  ['by tag', kinds, 'example.com', 'a:1', ['tags.test/a', 'both.test/a', 'example.com/a']],
  ['by digest', kinds, 'example.com', `a${digest}`, ['digests.test/a', 'both.test/a', 'example.com/a']],
  [
    'by tag and digest',
    kinds,
    'example.com',
    `a:1${digest}`,
    ['digests.test/a', 'both.test/a', 'example.com/a'],
  ],
  [
    'the host with a port',
    kinds,
    'example.com:5000',
    'a:1',
    ['tags.test:5000/a', 'both.test:5000/a', 'example.com:5000/a'],
  ],
  [
    'mirror-by-digest-only, by tag',
    '[[registry]]\nlocation = "a.test"\nmirror-by-digest-only = true\n[[registry.mirror]]\nlocation = "m.test"',
    'a.test',
    'x:1',
    ['a.test/x'],
  ],
  [
    'the longest prefix',
    '[[registry]]\nlocation = "a.test"\n[[registry]]\nprefix = "a.test/b/c"\nlocation = "long.test"\n[[registry]]\nprefix = "a.test/b"\nlocation = "short.test"',
    'a.test',
    'b/c/d:1',
    ['long.test/d'],
  ],
  [
    'a wildcard without location',
    '[[registry]]\nprefix = "*.example.com"\ninsecure = true',
    'x.y.example.com',
    'a:1',
    ['x.y.example.com/a!'],
  ],
  [
    'a wildcard and the host itself',
    '[[registry]]\nprefix = "*.example.com"\ninsecure = true',
    'example.com',
    'a:1',
    ['example.com/a'],
  ],
  [
    'a wildcard and another host',
    '[[registry]]\nprefix = "*.example.com"\ninsecure = true',
    'x.example.company',
    'a:1',
    ['x.example.company/a'],
  ],
  [
    'a wildcard with location',
    '[[registry]]\nprefix = "*.example.com"\nlocation = "m.test/x"',
    'q.example.com',
    'a:1',
    ['m.test/x/a'],
  ],
  [
    'the first of one prefix',
    '[[registry]]\nprefix = "a.test"\nlocation = "b.test"\n[[registry]]\nprefix = "a.test"\nlocation = "c.test"',
    'a.test',
    'x:1',
    ['b.test/x'],
  ],
  [
    'a blocked mirror',
    '[[registry]]\nlocation = "a.test"\n[[registry.mirror]]\nlocation = "m.test"\n[[registry]]\nlocation = "m.test"\nblocked = true',
    'a.test',
    'x:1',
    ['m.test/x blocked', 'a.test/x'],
  ],
];
test.each(cases)('%s', (_, text, host, rest, expected) => {
  const endpoints = endpointsOf(refer(host, rest), parseRegistriesConf(text, 'f'));
  const shown = endpoints.map(
    ({ domain, path, insecure, blockedBy }) =>
      `${domain}/${path}${insecure ? '!' : ''}${blockedBy === undefined ? '' : ' blocked'}`,
  );
  expect(shown).toEqual(expected);
});

test('of a wildcard and a host that are as long, the wildcard', () => {
  const conf = '[[registry]]\nlocation = "a.b.test"\n[[registry]]\nprefix = "*.b.test"\nlocation = "m.test"';
  const [endpoint] = endpointsOf(refer('a.b.test'), parseRegistriesConf(conf, 'f'));
  expect(endpoint?.domain).toBe('m.test');
});

const refused: [string, string, string][] = [
  ['blocks a.test', '[[registry]]\nlocation = "a.test"\nblocked = true', 'a.test'],
  ['not host/repository', '[[registry]]\nprefix = "a.test"\nlocation = "nohost/x"', 'a.test'],
  ['not host/repository', '[[registry]]\nprefix = "a.test/app"\nlocation = "b.test"', 'a.test'],
  ['not host/repository', '[[registry]]\nprefix = "a.test"\nlocation = "b.test/UPPER"', 'a.test'],
];
test.each(refused)('%s: %j', (text, conf, host) => {
  expect(() => endpointsOf(refer(host), parseRegistriesConf(conf, 'f'))).toThrow(
    expect.objectContaining({ code: 'BadConfiguration', message: expect.stringContaining(text) }),
  );
});

function short(name: string) {
  return { text: `${name}:1`, domain: 'docker.io', path: `library/${name}`, tag: '1' };
}

test('a short name that the host takes for another image is refused', () => {
  const conf = parseRegistriesConf(
    '[aliases]\n"app" = "quay.io/x/app"\n"same" = "docker.io/library/same"',
    'f',
  );
  expect(() => endpointsOf(short('app'), conf)).toThrow(/short name.*quay\.io\/x\/app/);
  expect(endpointsOf(short('same'), conf)).toHaveLength(1);
  expect(endpointsOf(short('unknown'), conf)).toHaveLength(1);
});

const bad: [string, string][] = [
  ['f:2: ', 'a = 1\nb = '],
  ['version 1', '[registries.search]\nregistries = ["a"]'],
  ['neither prefix nor location', '[[registry]]\ninsecure = true'],
  ['needs a location', '[[registry]]\nprefix = "a.test"'],
  ['begin with a scheme', '[[registry]]\nlocation = "https://a.test"'],
  ['has to be as', '[[registry]]\nprefix = "*.a.test/x"\nlocation = "b.test"'],
  ['has no location', '[[registry]]\nlocation = "a.test"\n[[registry.mirror]]\nlocation = "/"'],
  [
    'registry.0.mirror.0.pull-from-mirror',
    '[[registry]]\nlocation = "a.test"\n[[registry.mirror]]\nlocation = "b.test"\npull-from-mirror = "some"',
  ],
  [
    'keep one',
    '[[registry]]\nlocation = "a.test"\nmirror-by-digest-only = true\n[[registry.mirror]]\nlocation = "b.test"\npull-from-mirror = "all"',
  ],
  [
    'is there twice',
    '[[registry]]\nlocation = "a.test"\n[[registry]]\nprefix = "b.test"\nlocation = "a.test"\ninsecure = true',
  ],
  ['registry.0.insecure', '[[registry]]\nlocation = "a.test"\ninsecure = "yes"'],
  ['registry.0.pull-from-mirror', '[[registry]]\nlocation = "a.test"\npull-from-mirror = "all"'],
  ['registry', 'registry = 1'],
];
test.each(bad)('%s: %j', (text, conf) => {
  expect(() => parseRegistriesConf(conf, 'f')).toThrow(
    expect.objectContaining({ code: 'BadConfiguration', message: expect.stringContaining(text) }),
  );
});

const to = (prefix: string, location: string): string =>
  `[[registry]]\nprefix = "${prefix}.test"\nlocation = "${location}.test"\n`;

test('files: the administrator before the vendor, drop-ins by name, the later one counts', async () => {
  const hostPath = await hostRoot({
    'usr/share/containers/registries.conf': to('vendor', 'wrong'),
    'etc/containers/registries.conf': to('a', 'main') + to('b', 'main'),
    'usr/share/containers/registries.conf.d/20.conf': to('a', 'vendor20'),
    'usr/share/containers/registries.conf.d/30.conf': to('c', 'vendor30'),
    'etc/containers/registries.conf.d/10.conf': to('a', 'etc10') + to('d', 'etc10'),
    'etc/containers/registries.conf.d/30.conf': to('d', 'etc30'),
    'etc/containers/registries.rootful.conf.d/40.conf': to('e', 'rootful'),
    'etc/containers/registries.conf.d/50.txt': 'not = read = at all',
    'etc/containers/registries.conf.d/60.conf/folder': '',
  });
  const conf = await readRegistriesConf(hostPath);
  expect(conf.registries.map(({ prefix, location }) => `${prefix} ${location}`).sort()).toEqual([
    'a.test vendor20.test',
    'b.test main.test',
    'd.test etc30.test',
    'e.test rootful.test',
  ]);
});

test('files: the vendor alone, none at all, and a bad one named', async () => {
  const vendor = await hostRoot({ 'usr/share/containers/registries.conf': 'credential-helpers = ["x"]' });
  expect(await readRegistriesConf(vendor)).toMatchObject({ credentialHelpers: ['x'] });
  expect(await readRegistriesConf(await hostRoot({}))).toEqual({ registries: [], aliases: new Map() });
  const broken = await hostRoot({ 'etc/containers/registries.conf.d/9.conf': 'x' });
  await expect(readRegistriesConf(broken)).rejects.toMatchObject({
    code: 'BadConfiguration',
    message: expect.stringContaining('/etc/containers/registries.conf.d/9.conf:1'),
  });
});
