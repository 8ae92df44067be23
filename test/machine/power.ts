// `npm run test:power [CUTS]`: the machine loses its power that often at random moments of a prefetch, and once more when that has just
// said that all is there. Prints what came of it in Markdown, for docs/power-loss.md; ends with 1 where the store could not be read
// after a cut, the job was not finished, what it stored was damaged, or a cut had more than 1 % of the bytes sent again.
import { randomInt } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { makeOsImage } from '../standin/os-image.ts';
import { makeImage, makeLayer, seededBytes } from '../support/image.ts';
import { serveBlobs } from './blob-server.ts';
import { type Machine, bootMachine } from './boot.ts';
import { makeDisk } from './disk.ts';

const cuts = Number(process.argv[2] ?? 10);
const limitMs = 600_000;
/** A link that an emulated machine keeps up with. */
const bytesPerSecond = 500_000;
const layers = await Promise.all(
  Array.from({ length: 12 }, async (_, n) =>
    makeLayer({ [`layer${n}`]: seededBytes(`layer ${n}`, 10_000_000) }),
  ),
);
const uniqueBytes = layers.reduce((sum, { size }) => sum + size, 0);
await using server = await serveBlobs(makeImage(layers), bytesPerSecond);
const image = `${server.address}/big:1`;
const osImage = await makeOsImage({ version: '1', bound: { 'big.image': image } });
await using disk = await makeDisk({ pushed: { '127.0.0.1:5000/os:latest': osImage }, kept: {} });

// At random places of the download, in order: each boot goes on where the last was cut.
const moments = Array.from({ length: cuts }, () => randomInt(uniqueBytes)).sort((a, b) => a - b);
let failed = false;
let told = { sent: 0, again: 0, waiting: 0 };
say('| cut | bytes come before it | store read by podman after it | sent again because of it |');
say('| --- | --- | --- | --- |');
for (const [index, moment] of moments.entries()) {
  await using machine = await booted(index);
  const done = machine.run(['bound-images', 'prefetch'], { limitMs }).catch(() => undefined);
  // At least so much that what the last cut cost is sent by then.
  const until = Math.max(moment + server.sentAgain(), server.sent() + uniqueBytes / 50);
  while (server.sent() < until) if ((await Promise.race([done, delay(20, 'waiting')])) !== 'waiting') break;
  await delay(randomInt(500));
  await machine.cut();
  await tell(index, machine);
}
{
  await using machine = await booted(cuts);
  await succeeds(machine, 'prefetch');
  await machine.cut();
  await tell(cuts, machine);
}
{
  await using machine = await booted(cuts + 1);
  await succeeds(machine, 'verify', '--deep');
  await succeeds(machine, 'prefetch');
  await tell(cuts + 1, machine);
}
say(
  `\n${cuts} cuts while it was fetched, and one when all was there; ${uniqueBytes} bytes of layers, ${server.sent()} sent.`,
);
if (failed) process.exitCode = 1;

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** What this boot has shown of the cut before it, and how much was sent until the next. */
async function tell(index: number, machine: Machine): Promise<void> {
  const [sent, all] = [server.sent(), server.sentAgain()];
  // What waited in sockets outside of the machine had not been fetched yet.
  const again = Math.max(0, all - told.again - told.waiting);
  told = { sent, again: all, waiting: Math.max(0, sent - told.sent - (await machine.receivedBytes())) };
  if (again > uniqueBytes / 100) failed = true;
  if (index > 0) say(` ${again} (${((100 * again) / uniqueBytes).toFixed(2)} %) |`);
  if (index <= cuts) process.stdout.write(`| ${index + 1} | ${sent - told.waiting} |`);
}

async function succeeds(machine: Machine, ...argv: readonly string[]): Promise<void> {
  const { exitCode, stdout, stderr } = await machine.run(['bound-images', ...argv], { limitMs });
  if (exitCode === 0) return;
  failed = true;
  say(`\n${argv.join(' ')} ended with ${exitCode}: ${stdout}${stderr}`);
}

/** The machine with its network; tells whether podman reads the store that the last power cut left. */
async function booted(index: number): Promise<Machine> {
  const machine = await bootMachine(disk, { network: true });
  const conf = `[[registry]]\\nlocation = "${server.address}"\\ninsecure = true\\n`;
  const script = [
    'ip link set eth0 up',
    'ip address add 10.0.2.15/24 dev eth0',
    `printf '${conf}' >/etc/containers/registries.conf.d/outside.conf`,
    'podman --storage-opt=additionalimagestore=/usr/lib/bootc/storage image list',
  ];
  const { exitCode, stderr } = await machine.run(['sh', '-euc', script.join('; ')], { limitMs });
  if (exitCode !== 0) {
    failed = true;
    say(`\n${stderr}`);
  }
  if (index > 0) process.stdout.write(exitCode === 0 ? ' yes |' : ' **no** |');
  return machine;
}
