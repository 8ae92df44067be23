import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import * as fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { withoutSpecifiers } from '../../src/definitions/bootc-reading.ts';
import { diskTree } from '../../src/definitions/disk-tree.ts';
import {
  readEffectiveImage,
  unitTypeOf,
  type EffectiveImage,
} from '../../src/definitions/effective-image.ts';
import { loadUnit } from '../../src/definitions/load-unit.ts';
import { unitCommand, type Word } from '../../src/definitions/pull-arguments.ts';
import { readText } from '../../src/definitions/read-text.ts';
import { rememberEntries, type Scan } from '../../src/definitions/remember-entries.ts';
import { findUnitFolders, type UnitFolder } from '../../src/definitions/unit-folders.ts';
import type { PullOptions } from '../../src/model/definition.ts';
import { containerQuadlets, imageQuadlets } from './quadlets.ts';

const generator = '/usr/libexec/podman/quadlet';
const searchPath = ['/run/containers/systemd', '/etc/containers/systemd', '/usr/share/containers/systemd'];
const units = '/usr/share/containers/systemd';

let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'quadlet-'));
});
afterEach(() => {
  rmSync(root, { recursive: true });
});

function put(path: string, text: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
}

/** The words of ExecStart= by unit name, for all units that podman does not refuse. */
function askPodman(names: readonly string[]): Map<string, readonly string[]> {
  const directories = searchPath.map((path) => join(root, path)).join(':');
  const { stdout, stderr } = spawnSync(generator, ['-dryrun'], {
    env: { QUADLET_UNIT_DIRS: directories },
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  const services = new Map<string, string>();
  for (const part of stdout.split(/^---(?=\/?[^/\n]*\.service---$)/m)) {
    const end = part.indexOf('---\n');
    services.set(part.slice(0, end).replace(/^\//, ''), part.slice(end + 4));
  }
  const accepted = new Map<string, readonly string[]>();
  for (const name of names) {
    const service = services.get(
      name.replace(/\.image$/, '-image.service').replace(/\.container$/, '.service'),
    );
    const start = service?.split('\n').findLast((line) => line.startsWith('ExecStart='));
    if (start !== undefined) accepted.set(name, wordsOf(start.slice('ExecStart='.length)));
  }
  // What is neither made nor complained of would hide a mistake of this reader.
  const lost = names.filter((name) => !accepted.has(name) && !stderr.includes(`${name}"`));
  expect(lost).toEqual([]);
  return accepted;
}

/** Undoes podman's escapeWords: the words that need it are in double quotes, with C escapes. */
function wordsOf(line: string): readonly string[] {
  const words = line.match(/"(?:[^"\\]|\\.)*"|[^ ]+/gs) ?? [];
  return words.map((word) =>
    word.startsWith('"')
      ? word.slice(1, -1).replace(/\\(?:x(..)|(.))/gs, (_, hex: string | undefined, c: string) => {
          const named = { a: '\x07', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' }[c];
          return hex === undefined ? (named ?? c) : String.fromCharCode(Number.parseInt(hex, 16));
        })
      : word,
  );
}

/** Flags in the order of their names: podman gives the ones it makes of keys in no order of its own. */
function sortedFlags(words: readonly string[]): readonly string[] {
  const flags: string[] = [];
  for (let index = 0; index < words.length; index += 1) {
    const word = words[index] as string;
    const hasNoValue = word.startsWith('--tls-verify') || word.startsWith('--all-tags');
    if (!hasNoValue) index += 1;
    flags.push(hasNoValue ? word : `${word}\n${words[index]}`);
  }
  return flags.sort();
}

/** The options in podman's own command, read the plain way: the last of a flag counts. */
function plainOptions(words: readonly string[]): PullOptions {
  const value = (flag: string): string | undefined => {
    const at = words.findLastIndex((word) => word === flag || word.startsWith(`${flag}=`));
    if (at === -1) return undefined;
    return withoutSpecifiers(
      words[at] === flag ? (words[at + 1] ?? '') : (words[at] as string).slice(flag.length + 1),
    );
  };
  const tls = words.findLast((word) => word.startsWith('--tls-verify'));
  const retry = value('--retry');
  const authFile = value('--authfile');
  const certDir = value('--cert-dir');
  const all = {
    authFile: authFile === undefined ? undefined : resolve('/', authFile),
    certDir: certDir === undefined ? undefined : resolve('/', certDir),
    creds: value('--creds'),
    decryptionKey: value('--decryption-key'),
    tlsVerify: tls === undefined ? undefined : tls !== '--tls-verify=false',
    arch: value('--arch'),
    os: value('--os'),
    variant: value('--variant'),
    retry: retry === undefined ? undefined : Number(retry),
  };
  return Object.fromEntries(Object.entries(all).filter(([, each]) => each !== undefined));
}

const text = (words: readonly Word[]): readonly string[] => words.map(({ word }) => word);

/** The root as it is now, and its folders of units. */
async function look(): Promise<readonly [Scan, readonly UnitFolder[]]> {
  const tree = rememberEntries(diskTree(root));
  return [tree, await findUnitFolders(tree)];
}

async function readOurs(
  [tree, folders]: Awaited<ReturnType<typeof look>>,
  name: string,
  path = `${units}/${name}.folder/${name}`,
): Promise<EffectiveImage> {
  const read = await readText(tree, path);
  if (read.kind === 'refused') throw new Error(read.reason);
  return readEffectiveImage(tree, folders, read, unitTypeOf(name) ?? 'image');
}

/** What one reader makes of a quadlet; of a container the image alone, for its command has much that is no matter here. */
interface Reading {
  readonly name: string;
  readonly content: string;
  readonly image: string | undefined;
  readonly global?: readonly string[];
  readonly keys?: readonly string[];
  readonly podmanArgs?: readonly string[];
}

function isRefused(ours: EffectiveImage): boolean {
  return ours.kind === 'refused' || ours.problems.some(({ code }) => /^quadlet-(?:key|rootfs)$/.test(code));
}

async function ourReading(
  seen: Awaited<ReturnType<typeof look>>,
  name: string,
  content: string,
): Promise<Reading> {
  const ours = await readOurs(seen, name);
  if (ours.kind === 'refused' || isRefused(ours)) return { name, content, image: undefined };
  if (!name.endsWith('.image')) return { name, content, image: ours.image };
  const loaded = await loadUnit(...seen, name);
  if (loaded?.kind !== 'unit') throw new Error(name);
  const { global, pull } = unitCommand(loaded.unit, 'image');
  return {
    name,
    content,
    image: ours.image,
    global: text(global),
    keys: sortedFlags(text(pull.filter(({ at }) => at.key !== 'PodmanArgs'))),
    podmanArgs: text(pull.filter(({ at }) => at.key === 'PodmanArgs')),
  };
}

/** podman's command, taken apart at the lengths of ours: a difference in length shows as a difference in words. */
function theirReading(ours: Reading, words: readonly string[] | undefined): Reading {
  const { name, content } = ours;
  const image = words === undefined ? undefined : withoutSpecifiers(words.at(-1) as string);
  if (words === undefined || !name.endsWith('.image')) return { name, content, image };
  const start = 1 + (ours.global?.length ?? 0);
  expect(words.slice(start, start + 2)).toEqual(['image', 'pull']);
  const flags = words.slice(start + 2, -1);
  const end = flags.length - (ours.podmanArgs?.length ?? 0);
  return {
    name,
    content,
    image,
    global: words.slice(1, start),
    keys: sortedFlags(flags.slice(0, end)),
    podmanArgs: flags.slice(end),
  };
}

/** Each quadlet has a folder of its own, because podman drops all units of a folder with one that it cannot parse. */
async function compare(
  quadlets: readonly (readonly [name: string, content: string])[],
): Promise<Map<string, readonly string[]>> {
  for (const [name, content] of quadlets) put(`${units}/${name}.folder/${name}`, content);
  put(`${units}/referred.folder/referred.image`, '[Image]\nImage=quay.io/referred:1\nArch=s390x\n');
  const accepted = askPodman(quadlets.map(([name]) => name));
  const seen = await look();
  const ours: Reading[] = [];
  for (const [name, content] of quadlets) ours.push(await ourReading(seen, name, content));
  expect(ours).toEqual(ours.map((each) => theirReading(each, accepted.get(each.name))));
  return accepted;
}

test('this is podman 5.4', () => {
  expect(execFileSync(generator, ['-version'], { encoding: 'utf8' })).toMatch(/^5\.4\./);
});

test('quadlets by hand', async () => {
  const images = Object.values(imageQuadlets).map((content, index) => [`i${index}.image`, content] as const);
  const containers = Object.values(containerQuadlets).map(
    (content, index) => [`c${index}.container`, content] as const,
  );
  const accepted = await compare([...images, ...containers]);
  expect(accepted.size).toBeGreaterThan(50);
  const [name] = images[Object.keys(imageQuadlets).indexOf('every key')] ?? [''];
  const ours = await readOurs(await look(), name);
  expect(ours).toMatchObject({
    pull: {
      authFile: '/etc/auth.json',
      certDir: '/etc/certs',
      creds: 'user:pass word',
      decryptionKey: '/key:phrase',
      tlsVerify: false,
      arch: 'arm64',
      os: 'linux',
      variant: 'v8',
      retry: 3,
    },
  });
});

test('quadlets that nobody would write', async () => {
  const quadlets = fc
    .sample(anyQuadlet, { numRuns: 400, seed: 54 })
    .map(([type, content], index) => [`g${index}.${type}`, content] as const);
  const accepted = await compare(quadlets);
  // The comparison means something on both sides.
  expect(accepted.size).toBeGreaterThan(100);
  expect(accepted.size).toBeLessThan(350);
});

test('options in keys and arguments', async () => {
  const quadlets = fc
    .sample(anyOptions, { numRuns: 200, seed: 55 })
    .map((content, index) => [`o${index}.image`, content] as const);
  const accepted = await compare(quadlets);
  expect(accepted.size).toBe(200);
  const seen = await look();
  for (const [name, words] of accepted) {
    const ours = await readOurs(seen, name);
    expect(ours.kind === 'image' && ours.pull).toEqual(plainOptions(words));
  }
});

const image = (name: string): string => `[Image]\nImage=quay.io/${name}:1\n`;
const [run = '', etc = '', usr = ''] = searchPath;

// Files of a root, the unit asked for, and the image that podman takes; its own answer is asked for too.
test.each<[string, Readonly<Record<string, string>>, string, string | undefined]>([
  [
    'the first folder wins',
    { [`${usr}/a.image`]: image('usr'), [`${etc}/a.image`]: image('etc') },
    'a.image',
    'etc',
  ],
  [
    '/run before /etc',
    { [`${run}/a.image`]: image('run'), [`${etc}/a.image`]: image('etc') },
    'a.image',
    'run',
  ],
  ['below the search path', { [`${usr}/b/c/a.image`]: image('deep') }, 'a.image', 'deep'],
  ['a mask', { [`${usr}/a.image`]: image('usr'), [`${etc}/a.image`]: '-> /dev/null' }, 'a.image', undefined],
  ['an empty file', { [`${usr}/a.image`]: image('usr'), [`${etc}/a.image`]: '' }, 'a.image', undefined],
  ['a broken override', { [`${usr}/a.image`]: image('usr'), [`${etc}/a.image`]: 'x' }, 'a.image', 'usr'],
  [
    'a drop-in',
    { [`${usr}/a.image`]: image('usr'), [`${etc}/a.image.d/1.conf`]: image('drop') },
    'a.image',
    'drop',
  ],
  [
    'a drop-in of the type',
    { [`${usr}/a.image`]: image('usr'), [`${etc}/image.d/1.conf`]: image('drop') },
    'a.image',
    'drop',
  ],
  [
    'a drop-in of the prefix',
    { [`${usr}/a-b-c.image`]: image('usr'), [`${etc}/a-.image.d/1.conf`]: image('drop') },
    'a-b-c.image',
    'drop',
  ],
  [
    'a drop-in of a dashed name alone',
    { [`${usr}/a.image`]: image('usr'), [`${etc}/a-.image.d/1.conf`]: image('drop') },
    'a.image',
    'usr',
  ],
  [
    'a drop-in of the template',
    { [`${usr}/a@1.image`]: image('usr'), [`${etc}/a@.image.d/1.conf`]: image('drop') },
    'a@1.image',
    'drop',
  ],
  [
    'a drop-in of the dashed template',
    { [`${usr}/a-b@1.image`]: image('usr'), [`${etc}/a-@.image.d/1.conf`]: image('drop') },
    'a-b@1.image',
    'drop',
  ],
  [
    'drop-ins by name',
    {
      [`${usr}/a.image`]: image('usr'),
      [`${usr}/image.d/2.conf`]: image('2'),
      [`${etc}/a.image.d/1.conf`]: image('1'),
    },
    'a.image',
    '2',
  ],
  [
    'the specific of one name',
    {
      [`${usr}/a.image`]: image('usr'),
      [`${usr}/image.d/1.conf`]: image('type'),
      [`${usr}/a.image.d/1.conf`]: image('own'),
    },
    'a.image',
    'own',
  ],
  [
    'the folder before the specific',
    {
      [`${usr}/a.image`]: image('usr'),
      [`${etc}/image.d/1.conf`]: image('type'),
      [`${usr}/a.image.d/1.conf`]: image('own'),
    },
    'a.image',
    'type',
  ],
  [
    'a masked drop-in',
    {
      [`${usr}/a.image`]: image('usr'),
      [`${usr}/a.image.d/1.conf`]: image('own'),
      [`${etc}/a.image.d/1.conf`]: '-> /dev/null',
    },
    'a.image',
    'usr',
  ],
  [
    'a broken drop-in',
    {
      [`${usr}/a.image`]: image('usr'),
      [`${etc}/a.image.d/1.conf`]: 'x',
      [`${etc}/a.image.d/2.conf`]: image('2'),
    },
    'a.image',
    '2',
  ],
  [
    'not *.conf',
    { [`${usr}/a.image`]: image('usr'), [`${etc}/a.image.d/1.txt`]: image('drop') },
    'a.image',
    'usr',
  ],
  [
    'a drop-in in a folder below',
    { [`${usr}/a.image`]: image('usr'), [`${usr}/b/a.image.d/1.conf`]: image('drop') },
    'a.image',
    'drop',
  ],
  [
    'a drop-in that takes the image back',
    { [`${usr}/a.image`]: image('usr'), [`${usr}/a.image.d/1.conf`]: '[Image]\nImage=\n' },
    'a.image',
    undefined,
  ],
  ['a link to a unit', { [`${usr}/a.image`]: '-> /opt/real', '/opt/real': image('real') }, 'a.image', 'real'],
  [
    'an instance',
    {
      [`${usr}/a@1.image`]: '-> a@.image',
      [`${usr}/a@.image`]: image('template'),
      [`${usr}/a@1.image.d/1.conf`]: image('drop'),
    },
    'a@1.image',
    'drop',
  ],
])('%s', async (_, files, name, expected) => {
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    const target = /^-> (.*)$/.exec(content)?.[1];
    if (target === undefined) writeFileSync(join(root, path), content);
    // podman knows no root but the host's.
    else symlinkSync(target.replace(/^\/(?=opt)/, `${root}/`), join(root, path));
  }
  const theirs = askPodman([name]).get(name);
  expect(theirs?.at(-1)).toBe(expected === undefined ? undefined : `quay.io/${expected}:1`);

  for (const [path, content] of Object.entries(files)) {
    const target = /^-> (\/opt.*)$/.exec(content)?.[1];
    if (target === undefined) continue;
    rmSync(join(root, path));
    symlinkSync(target, join(root, path));
  }
  const lowest = Object.keys(files).find((path) => path.endsWith(`/${name}`));
  const ours = await readOurs(await look(), name, lowest);
  expect(ours.kind === 'image' ? ours.image : undefined).toBe(theirs?.at(-1));
});

const valuePiece = fc.oneof(
  { weight: 12, arbitrary: fc.constantFrom('quay.io/a/b:1', 'a', 'b', '1', '/', ':', '.', '-', '=', 'é') },
  { weight: 3, arbitrary: fc.constantFrom(' ', '  ', '\t', '"', "'", '%%', '#', ';', '\u00a0', ',') },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      '\\',
      '\\\n',
      '\\ \n  ',
      '\\\n# c\n',
      '\\s',
      '\\x41',
      '\\q',
      '\\\\',
      '[',
      ']',
      '\0',
    ),
  },
);
const value = fc.array(valuePiece, { maxLength: 8 }).map((pieces) => pieces.join(''));
const keyLine = fc
  .tuple(
    fc.oneof(
      { weight: 8, arbitrary: fc.constantFrom('Image', 'PodmanArgs', 'GlobalArgs', 'ContainersConfModule') },
      {
        weight: 4,
        arbitrary: fc.constantFrom('Arch', 'OS', 'TLSVerify', 'AllTags', 'AuthFile', 'Creds', 'Variant'),
      },
      {
        weight: 1,
        arbitrary: fc.constantFrom('Bogus', 'image', 'Ima ge', 'CertDir', 'DecryptionKey', 'ImageTag'),
      },
    ),
    fc.constantFrom('=', ' = ', '=\t', ' =', '= '),
    value,
  )
  .map((parts) => parts.join(''));
const otherLine = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom('', '# comment', '; comment', '  ', '#\\', '\\') },
  {
    weight: 2,
    arbitrary: fc.constantFrom('[Install]', 'WantedBy=x.target', '[Image]', '[Image]\t', '[X-Any thing]'),
  },
  { weight: 1, arbitrary: fc.constantFrom('nothing', '[Image', '[]', '=x', ': c', '[Image] x', '[a[b]') },
);
const body = fc
  .array(fc.oneof({ weight: 5, arbitrary: keyLine }, { weight: 2, arbitrary: otherLine }), { maxLength: 6 })
  .chain((lines) => fc.tuple(fc.constant(lines), fc.constantFrom('\n', '\n', '\r\n'), fc.boolean()));
const anyQuadlet = fc.oneof(
  {
    weight: 3,
    arbitrary: body.map((each) => ['image', write('[Image]', 'Image=quay.io/x:1', ...each)] as const),
  },
  {
    weight: 1,
    arbitrary: fc
      .array(
        fc
          .tuple(fc.constantFrom('Image=', 'PodmanArgs=', 'Environment='), value)
          .map((parts) => parts.join('')),
        { maxLength: 4 },
      )
      .map((lines) => ['container', write('[Container]', 'Image=quay.io/x:1', lines, '\n', true)] as const),
  },
);

function write(
  section: string,
  first: string,
  lines: readonly string[],
  end: string,
  isEnded: boolean,
): string {
  return [section, first, ...lines].join(end) + (isEnded ? end : '');
}

const word = fc.stringMatching(/^[a-z0-9/:.]{1,8}$/);
const flagPair = fc.tuple(
  fc.constantFrom('--authfile', '--cert-dir', '--creds', '--decryption-key', '--arch', '--os', '--variant'),
  fc.constantFrom(' ', '='),
  fc.oneof(
    word,
    word.map((each) => `"${each} x"`),
    word.map((each) => `${each}%%`),
  ),
);
const argument = fc.oneof(
  flagPair.map((parts) => parts.join('')),
  fc.nat({ max: 9 }).map((count) => `--retry ${count}`),
  fc.constantFrom('--tls-verify', '--tls-verify=false', '--tls-verify=true', '--quiet'),
);
const option = fc.oneof(
  fc
    .tuple(fc.constantFrom('AuthFile', 'CertDir', 'Creds', 'DecryptionKey', 'Arch', 'OS', 'Variant'), word)
    .map((pair) => pair.join('=')),
  fc
    .tuple(fc.constant('TLSVerify'), fc.constantFrom('true', 'false', 'yes', 'no', '1', '0', ''))
    .map((pair) => pair.join('=')),
  fc.array(argument, { maxLength: 4 }).map((all) => `PodmanArgs=${all.join(' ')}`),
  fc.constantFrom('Arch=', 'Creds=', 'AuthFile=""', 'PodmanArgs='),
);
const anyOptions = fc
  .array(option, { maxLength: 8 })
  .map((lines) => `[Image]\nImage=quay.io/x:1\n${lines.join('\n')}\n`);
