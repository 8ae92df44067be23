import { stripVTControlCharacters } from 'node:util';
import { parse } from 'valibot';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startFaultProxy } from '../support/fault-proxy.ts';
import { makeImage, makeLayer, seededBytes } from '../support/image.ts';
import { pushImage } from '../support/push.ts';
import { startRegistry } from '../support/registry.ts';
import { documents, type DocumentName } from './documents.ts';
import { runCli } from './run-cli.ts';
import { allowPlainHttp, makeScene, type Scene } from './scene.ts';

const stack = new AsyncDisposableStack();
const names = ['present', 'missing', 'gone'] as const;
const long = `missing/${'of-a-very-long-name/'.repeat(4)}app:1`;
let address: string;

beforeAll(async () => {
  stack.use(await allowPlainHttp());
  const registry = stack.use(await startRegistry());
  // Slow enough that a bar is drawn on the way.
  const proxy = stack.use(await startFaultProxy(registry.url, { bytesPerSecond: 500_000 }));
  ({ address } = proxy);
  for (const name of ['present:1', long]) {
    const layer = await makeLayer({ [name]: seededBytes(name, 400_000) });
    await pushImage(makeImage([layer]), `${registry.address}/${name}`);
  }
});
afterAll(() => stack.disposeAsync());

/** A root with one image that is there, one that can be pulled, one that cannot, and a broken definition. */
async function mixedScene(): Promise<Scene> {
  const made = await makeScene();
  await made.bindImage('present', `${address}/present:1`);
  expect(await made.run('prefetch')).toMatchObject({ exitCode: 0 });
  await made.bindImage('missing', `${address}/${long}`);
  await made.bindImage('gone', `${address}/gone:1`);
  await made.bind('broken.image', '[Image]\n');
  return made;
}

test.each(Object.keys(documents) as DocumentName[])(
  '%s --json prints one document and nothing else',
  async (command) => {
    await using mixed = await mixedScene();
    const { stdout } = await mixed.run(command, ['--json']);
    const { images, problems } = parse(documents[command], JSON.parse(stdout));
    expect(images).toHaveLength(names.length);
    expect(problems).not.toHaveLength(0);
  },
);

test('a failure before there is a result leaves stdout empty', async () => {
  const { stdout, stderr, exitCode } = await runCli(['status', '--json', '--root', '/nowhere']);
  expect([exitCode, stdout]).toEqual([2, '']);
  expect(stderr).toMatch(/^bound-images: /);
});

test('tables and texts fit 80 columns; only a reference is longer, alone on its line', async () => {
  await using mixed = await mixedScene();
  for (const command of ['status', 'plan', 'verify', 'prefetch']) {
    const { stdout } = await mixed.run(command);
    const tooLong = stdout.split('\n').filter((line) => line.length > 80);
    for (const line of tooLong)
      expect([command, line]).toEqual([command, expect.stringMatching(/^\s*(?:[a-z]+: )?\S+(?:: [a-z]+)?$/)]);
  }
});

test('without a terminal: plain lines, no bar', async () => {
  await using mixed = await mixedScene();
  const { stdout, stderr } = await mixed.run('prefetch');
  for (const text of [stdout, stderr]) expect(stripVTControlCharacters(text)).toBe(text);
  expect(stderr).not.toMatch(/[\r[]/);
});

test('on a terminal: a bar, that is gone at the end; colours unless NO_COLOR forbids them', async () => {
  await using mixed = await mixedScene();
  const onTerminal = async (command: string, env: Record<string, string> = {}): Promise<string> => {
    const by = ['sh', '-c', 'exec script --quiet --return --command "$*" /dev/null', 'sh'];
    return (await mixed.run(command, [], { by, env: { TERM: 'xterm-256color', ...env } })).stdout;
  };
  // oxlint-disable-next-line no-control-regex -- SGR 30 to 37, ECMA-48
  const colour = /\x1b\[3\dm/;
  for (const command of ['status', 'plan', 'verify']) {
    expect([command, await onTerminal(command)]).toEqual([command, expect.stringMatching(colour)]);
    expect(await onTerminal(command, { NO_COLOR: '1' })).not.toMatch(colour);
  }
  const shown = await onTerminal('prefetch', { NO_COLOR: '1' });
  expect(shown).toMatch(/\[#+\.+\] \d+ % {2}[\d.]+ kB of [\d.]+ kB/);
  expect(shown).not.toMatch(colour);
  // What is left of each line once its last clearing is done.
  const left = shown.split('\n').map((line) => line.split('\x1b[2K').at(-1) ?? '');
  expect(left.filter((line) => /\[[#.]/.test(line))).toEqual([]);
});
