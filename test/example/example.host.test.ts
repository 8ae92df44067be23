// The commands of docs/example.md, as they stand there: on a builder with a registry, and on a bootc host without network.
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { bootBootcHost, type BootcHost } from '../standin/host.ts';
import { makeOsImage } from '../standin/os-image.ts';
import type { Host } from '../host/boot.ts';
import { busyboxLayer, type Image, makeImage, makeLayer } from '../support/image.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { bootBuilder, installProgram, programBinds, run, shell, stickPath } from './builder.ts';
import { type Block, readBlocks } from './page.ts';

const stack = new AsyncDisposableStack();
const blocks = await readBlocks('example.md');
const said = new Map<Block, string>();
let builder: Host;
let host: BootcHost;

/** Process 1 hears no signal that it does not ask for. */
const untilToldToEnd = 'trap exit TERM; sleep infinity & wait';

async function app(name: string): Promise<Image> {
  const layers = [await busyboxLayer(), await makeLayer({ etc: { folder: true }, 'etc/app': name })];
  return makeImage(layers, { command: ['sh', '-c', untilToldToEnd] });
}

beforeAll(async () => {
  const folder = stack.use(await temporaryFolder());
  const stick = join(folder.path, 'stick');
  await mkdir(stick);
  const base = await makeOsImage({ version: '42', bound: {} });
  const content = {
    'base/os:42': base,
    'shop/web:1.4': await app('web'),
    'shop/database:16': await app('database 16'),
    'shop/database:17': await app('database 17'),
  };
  builder = stack.use(await bootBuilder(stick, content));
  const binds = { ...programBinds, [stickPath]: { path: stick, rw: false } };
  host = stack.use(await bootBootcHost({ name: 'shop', osImage: base, binds }));
}, 180_000);
afterAll(() => stack.disposeAsync());

test.each(blocks.map((block, at) => ({ ...block, at })))(
  '$at, $machine: $heading',
  { timeout: 180_000 },
  async ({ at, machine, commands }) => {
    // Whoever asks for a reboot does not see the end of it.
    const [before = '', ...after] = commands.split('systemctl reboot\n');
    if (machine === 'host') await installProgram(host);
    const { exitCode, stdout, stderr } = await shell(machine === 'host' ? host : builder, before);
    expect(exitCode, `${stdout}\n${stderr}`).toBe(0);
    said.set(blocks[at] as Block, stdout);
    if (after.length === 0) return;
    await host.rebootBy('systemctl', 'reboot');
    // The quadlets of what is booted are there later than on a real host, whose generators find them at once.
    await run(host, 'systemctl daemon-reload && systemctl start multi-user.target');
  },
);

test('what the page says of it is so', async () => {
  const output = (part: string): string =>
    said.get(blocks.find(({ commands }) => commands.includes(part)) as Block) ?? '';
  expect(output('bound-images lock shop')).toContain('2 of 2 lines changed');
  expect(output('--dry-run')).toContain('would be copied');
  expect(output('import oci:/var/mnt/usb/shop\n')).toContain(
    'bootc switch --transport oci /var/mnt/usb/shop:1\n',
  );
  for (const name of ['web', 'database'])
    expect(output('podman --storage-opt')).toMatch(
      new RegExp(`^registry.example.com/shop/${name} +<none> .* true`, 'm'),
    );
  expect(output('--tag stable')).toContain('0 B copied');
  expect(output('import oci:/var/mnt/usb/shop:stable')).toContain('1 imported, 1 already present, 0 failed');
  expect(await run(host, 'podman exec systemd-database cat /etc/app')).toBe('database 17');
  const line = await run(host, 'bound-images import oci:/var/mnt/usb/shop:stable');
  expect(line).toContain('To stage the OS image:\n  bootc upgrade\n');
  const { status } = JSON.parse(await run(host, 'bootc status --json')) as { status: { booted: object } };
  expect(status.booted).toMatchObject({
    image: { image: { transport: 'oci', image: '/var/mnt/usb/shop:stable' }, version: '2' },
  });
});
