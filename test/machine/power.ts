// `npm run test:power [CUTS]`: the machine loses its power that often at random moments of a prefetch. Prints what came of it in Markdown, for
// docs/power-loss.md; ends with 1 where the store could not be read after a cut, the job was not finished, or more than 1 % was fetched again.
import { randomInt } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { makeOsImage } from '../standin/os-image.ts';
import { makeImage, makeLayer, seededBytes } from '../support/image.ts';
import { serveBlobs } from './blob-server.ts';
import { type Machine, bootMachine } from './boot.ts';
import { makeDisk } from './disk.ts';

const cuts = Number(process.argv[2] ?? 10);
const limitMs = 280_000;
const layers = await Promise.all(
  [1, 2, 3, 4, 5, 6].map(async (n) => makeLayer({ [`layer${n}`]: seededBytes(`layer ${n}`, 10_000_000) })),
);
const uniqueBytes = layers.reduce((sum, { size }) => sum + size, 0);
await using server = await serveBlobs(makeImage(layers), 1_500_000);
const image = `${server.address}/big:1`;
const osImage = await makeOsImage({ version: '1', bound: { 'big.image': image } });
await using disk = await makeDisk({ pushed: { '127.0.0.1:5000/os:latest': osImage }, kept: {} });

// At random places of the download, in order: each boot goes on where the last was cut.
const moments = Array.from({ length: cuts }, () => randomInt(uniqueBytes)).sort((a, b) => a - b);
say('| cut | sent before it | store read by podman | sent again so far |\n| --- | --- | --- | --- |');
let failures = 0;
let useful = 0;
for (const [index, moment] of moments.entries()) {
  await using machine = await bootMachine(disk, { network: true });
  const before = server.sent();
  const read = await prepare(machine);
  const done = machine.run(['bound-images', 'prefetch'], { limitMs }).catch(() => undefined);
  while (server.sent() < before + Math.max(moment - useful, 200_000)) {
    if ((await Promise.race([done, delay(20, 'waiting')])) !== 'waiting') break;
  }
  await delay(randomInt(500));
  await machine.cut();
  useful = moment;
  if (!read) failures += 1;
  say(`| ${index + 1} | ${server.sent()} | ${index === 0 ? 'before any' : read ? 'yes' : '**no**'} | |`);
}

await using machine = await bootMachine(disk, { network: true });
const read = await prepare(machine);
const prefetch = await machine.run(['bound-images', 'prefetch'], { limitMs });
const verify = await machine.run(['bound-images', 'verify', '--deep'], { limitMs });
const again = server.sent() - uniqueBytes;
const share = ((100 * again) / uniqueBytes).toFixed(2);
say(`| end | ${server.sent()} | ${read ? 'yes' : '**no**'} | ${again} (${share} %) |`);
say(
  `\n${cuts} power cuts; ${uniqueBytes} bytes; prefetch ended with ${prefetch.exitCode}, verify --deep with ${verify.exitCode}.`,
);
if (prefetch.exitCode !== 0) say(prefetch.stderr);
if (!read || failures > 0 || prefetch.exitCode !== 0 || verify.exitCode !== 0 || again > uniqueBytes / 100)
  process.exitCode = 1;

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** Gives a booted machine its network. @returns whether podman reads the store that the last power cut left */
async function prepare(machine: Machine): Promise<boolean> {
  const conf = `[[registry]]\\nlocation = "${server.address}"\\ninsecure = true\\n`;
  const script = [
    'ip link set eth0 up',
    'ip address add 10.0.2.15/24 dev eth0',
    `printf '${conf}' >/etc/containers/registries.conf.d/outside.conf`,
    'podman --storage-opt=additionalimagestore=/usr/lib/bootc/storage image list',
  ];
  const { exitCode, stderr } = await machine.run(['sh', '-euc', script.join('; ')], { limitMs });
  if (exitCode !== 0) say(stderr);
  return exitCode === 0;
}
