import * as fc from 'fast-check';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { defaultLimits } from '../../src/registry/limits.ts';
import { openRegistry } from '../../src/registry/open-registry.ts';
import { runProgram } from '../../src/system/run-program.ts';
import { hostRoot } from './host-root.ts';
import { answerSample, fail, imageText, platform, refer, sha256 } from './sample.ts';
import { serve } from './serve.ts';

// The same registries.conf and auth.json are given to skopeo and to us, and the servers write down who asked them for the manifest,
// and with which login. What differs on purpose:
// - skopeo asks GET /v2/ first and answers its challenge. We answer the challenge of the manifest itself: of two requests for one
//   place in a row, the last counts.
// - Asked for a Basic login that it does not have, skopeo sends an empty one, and we none.
// - What registries.conf blocks by the image's own name we ask nowhere. skopeo looks at the rewritten name alone.

type Behaviour = 'open' | 'login' | 'empty' | 'forbidden';
interface Case {
  readonly name: string;
  readonly behaviours: readonly Behaviour[];
  readonly tables: readonly object[];
  readonly auths: readonly string[];
}

/** `0`, `1`... stand for the servers, `X` for one that is down. */
const places = ['0', '1', '1/mirror', '2/x/y', '2', '3/team', 'X'];
const maybe = <T>(value: fc.Arbitrary<T>, freq = 2): fc.Arbitrary<T | undefined> =>
  fc.option(value, { nil: undefined, freq });
const rarely = <T>(value: T, other: T): fc.Arbitrary<T> =>
  fc.integer({ min: 0, max: 9 }).map((roll) => (roll === 0 ? value : other));
const mirror = fc.record({
  location: fc.constantFrom(...places),
  insecure: rarely(false, true),
  'pull-from-mirror': maybe(fc.constantFrom('all', 'digest-only', 'tag-only'), 1),
});
const prefixes = [
  '0',
  '0/team',
  '0/team/deep',
  '0/team/deep/app',
  '0/te',
  '127.0.0.1',
  'r.test',
  'r.test/team',
  '*.r.test',
  '*.test',
];
const table = fc
  .record({
    prefix: fc.constantFrom(...prefixes, undefined),
    location: maybe(fc.constantFrom(...places), 20),
    insecure: rarely(false, true),
    blocked: rarely(true, false),
    'mirror-by-digest-only': rarely<boolean | undefined>(true, undefined),
    mirror: fc.array(mirror, { maxLength: 3 }),
  })
  // Both at once are an error; a few of those are left.
  .map((table) => (table['mirror-by-digest-only'] ? { ...table, mirror: table.mirror.slice(0, 1) } : table));
/** A table that is for every name with its host. */
const fitting = table.map((table) => ({ ...table, prefix: 'HOST', location: table.location ?? '1' }));
const digest = `@${sha256(imageText)}`;
const cases: fc.Arbitrary<Case> = fc.record({
  name: fc
    .tuple(
      fc.constantFrom('0', '0', 'r.test', 'sub.r.test'),
      fc.constantFrom('app', 'team/app', 'team/deep/app'),
      fc.constantFrom(':1', digest),
    )
    .map(([host, path, rest]) => `${host}/${path}${rest}`),
  behaviours: fc.array(fc.constantFrom<Behaviour[]>('open', 'login', 'login', 'empty', 'forbidden'), {
    minLength: 4,
    maxLength: 4,
  }),
  tables: fc.tuple(fitting, fc.array(table, { maxLength: 2 })).map(([first, more]) => [first, ...more]),
  auths: fc.uniqueArray(
    fc.constantFrom(
      '0',
      '0/team',
      '0/team/app',
      '1',
      '1/mirror',
      '1/mirror/team',
      '2',
      '2/x',
      '3',
      '3/team',
      'https://1/v1/',
      'r.test',
    ),
    { maxLength: 5 },
  ),
});

async function startServers() {
  let behaviours: readonly Behaviour[] = [];
  const asked: string[] = [];
  const hosts: string[] = [];
  for (const at of [0, 1, 2, 3]) {
    const { host } = await serve((request, response) => {
      const behaviour = behaviours[at];
      const login = request.headers.authorization;
      if (request.url?.includes('/manifests/')) asked.push(`${at}${request.url} ${login ?? ''}`);
      if (behaviour === 'login' && (login === undefined || login === 'Basic Og=='))
        fail(response, 401, 'UNAUTHORIZED', { 'www-authenticate': 'Basic realm="test"' });
      else if (request.url === '/v2/') response.end();
      else if (behaviour === 'empty') fail(response, 404);
      else if (behaviour === 'forbidden') fail(response, 403);
      else answerSample(request, response);
    });
    hosts.push(host);
  }
  const record = async (next: readonly Behaviour[], work: () => Promise<boolean>) => {
    behaviours = next;
    asked.length = 0;
    return { ok: await work(), asked: settled(asked) };
  };
  return { hosts, record };
}

/** Of a place that was asked again with a login, the last time. */
function settled(asked: readonly string[]): readonly string[] {
  const lines = asked.map((line) => line.replace(/ Basic Og==$/, ' '));
  return lines.filter((line, at) => line.split(' ', 1)[0] !== lines[at + 1]?.split(' ', 1)[0]);
}

function fields(record: object): string[] {
  return Object.entries(record).flatMap(([key, value]) =>
    value === undefined || Array.isArray(value) ? [] : [`${key} = ${JSON.stringify(value)}`],
  );
}

function toml(tables: readonly object[]): string {
  return tables
    .flatMap((table) => {
      const mirrors = (table as { mirror: object[] }).mirror;
      return [
        '[[registry]]',
        ...fields(table),
        ...mirrors.flatMap((one) => ['[[registry.mirror]]', ...fields(one)]),
      ];
    })
    .join('\n');
}

test('asks the same servers with the same logins as skopeo', async () => {
  const { hosts, record } = await startServers();
  const real = (text: string): string =>
    text.replace(/(?<=^|"|\/\/)[0-3X](?=\/|"|$)/g, (at) => hosts[Number(at)] ?? '127.0.0.1:1');
  let withRequests = 0;
  for (const { name, behaviours, tables, auths } of fc.sample(cases, { numRuns: 250, seed: 20_260_101 })) {
    const conf = real(toml(tables).replace('HOST', name.split('/', 1)[0] ?? ''));
    const entries = auths.map((key) => [
      real(key),
      { auth: Buffer.from(`for ${key}:pw`).toString('base64') },
    ]);
    const hostPath = await hostRoot({
      'etc/containers/registries.conf': conf,
      'etc/ostree/auth.json': JSON.stringify({ auths: Object.fromEntries(entries) }),
    });
    const [host = '', ...rest] = name.split('/');
    const image = refer(real(host), rest.join('/'));
    const skopeo = await record(behaviours, async () => {
      const argv = [
        '--registries-conf',
        join(hostPath, 'etc/containers/registries.conf'),
        'inspect',
        '--raw',
      ];
      const authfile = ['--authfile', join(hostPath, 'etc/ostree/auth.json')];
      const env = { HOME: '/nonexistent' };
      const { exitCode } = await runProgram('skopeo', [...argv, ...authfile, `docker://${image.text}`], {
        env,
      });
      return exitCode === 0;
    });
    let blocked = false;
    const ours = await record(behaviours, async () => {
      try {
        const registry = await openRegistry(
          hostPath,
          { userAgent: 'test/1' },
          { ...defaultLimits, tries: 1 },
        );
        onTestFinished(() => registry.close());
        await registry.resolve(image, { platform });
        return true;
      } catch (error) {
        blocked = /registries\.conf blocks .*; unblock/.test(String(error));
        return false;
      }
    });
    if (skopeo.asked.length > 0) withRequests += 1;
    const expected = blocked ? { ok: false, asked: [] } : skopeo;
    expect(ours, `${image.text}\n${behaviours.join(' ')}\n${conf}\n${auths.join(' ')}`).toEqual(expected);
  }
  // Or the cases would say nothing.
  expect(withRequests).toBeGreaterThan(100);
});
