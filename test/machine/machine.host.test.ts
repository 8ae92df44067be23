// The whole way on a booted machine: installed from the packages, SELinux enforcing, with a kernel and a systemd of its own.
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { type Machine, type MachineResult, bootMachine } from './boot.ts';
import { type Disk, makeDisk } from './disk.ts';
import { one, scene, two } from './scene.ts';

let disk: Disk;
let machine: Machine;

beforeAll(async () => {
  disk = await makeDisk(await scene());
  machine = await booted();
}, 900_000);
/** After every test, and of both boots. */
afterEach(async () => {
  const refused = (await denials()).filter((line) => provoked?.test(line) !== true);
  if (refused.length > 0) throw new Error(`SELinux has refused:\n${refused.join('\n')}`);
});
afterAll(async () => {
  await machine[Symbol.asyncDispose]();
  await disk[Symbol.asyncDispose]();
});

/** A machine that has started everything that it starts at boot: some of that is ours. */
async function booted(): Promise<Machine> {
  const up = await bootMachine(disk);
  await up.run(['systemctl', 'start', 'graphical.target'], { limitMs: 400_000 });
  return up;
}

const store = '/usr/lib/bootc/storage';
const limitMs = 240_000;

/** Output of a command that has to succeed. */
async function said(...argv: [string, ...string[]]): Promise<string> {
  const result = await machine.run(argv, { limitMs });
  expect(result.exitCode, `${argv.join(' ')}: ${result.stdout}${result.stderr}`).toBe(0);
  return result.stdout.trim();
}

async function boundImages(...argv: string[]): Promise<MachineResult> {
  return machine.run(['bound-images', ...argv], { limitMs });
}

async function succeeds(...argv: string[]): Promise<void> {
  await said('bound-images', ...argv);
}

/** A shell that may write the store, as bootc's own mount namespace may. */
async function inStore(script: string): Promise<string> {
  return said('unshare', '--mount', 'sh', '-euc', `mount -o remount,bind,rw /sysroot; ${script}`);
}

async function stored(): Promise<string[]> {
  const images = await said(
    'podman',
    `--storage-opt=additionalimagestore=${store}`,
    'image',
    'list',
    '--format=json',
  );
  return (JSON.parse(images) as { Names?: string[] }[]).flatMap(({ Names = [] }) => Names).sort();
}

/** What was refused on purpose. */
let provoked: RegExp | undefined;

/** Everything that SELinux has refused our domain, or others who had to do with it, since the disk was made. */
async function denials(): Promise<string[]> {
  const log = await said('sh', '-c', 'cat /var/log/audit/audit.log*');
  return log
    .split('\n')
    .filter((line) => /avc: +denied|SELINUX_ERR/.test(line) && line.includes('boundimages_t'));
}

test(
  'it boots with SELinux enforcing, and what the packages brought is where it belongs',
  async () => {
    expect(await said('getenforce')).toBe('Enforcing');
    expect(await said('stat', '--format=%C', '/usr/bin/bound-images')).toContain(':boundimages_exec_t:');
    expect(await said('stat', '--format=%C', '/var/lib/bound-images', '/var/cache/bound-images')).toMatch(
      /:boundimages_var_lib_t:.*\n.*:boundimages_cache_t:/,
    );
    expect(
      await said('systemctl', 'is-enabled', 'bound-images-prefetch.timer', 'bound-images-verify.service'),
    ).toBe('enabled\nenabled');
  },
  limitMs,
);

test(
  'called over the bus, the agent comes up in its domain and makes the images present',
  async () => {
    await succeeds('prefetch');
    expect(await stored()).toEqual([one]);
    const pid = await said('systemctl', 'show', '--property=MainPID', '--value', 'bound-images.service');
    expect(await said('cat', `/proc/${pid}/attr/current`)).toContain(':boundimages_t:');
    // What was written has the labels that containers may read.
    expect(
      await said('sh', '-c', `stat --format=%C ${store}/overlay/*/diff ${store}/overlay-images/*`),
    ).not.toMatch(/^(?!.*:container_ro_file_t:)/m);
    await succeeds('verify');
  },
  limitMs,
);

test(
  'damage is found and repaired',
  async () => {
    await inStore(`rm ${store}/overlay/*/diff/var/data`);
    expect((await boundImages('verify', '--deep')).exitCode).not.toBe(0);
    await succeeds('verify', '--deep', '--repair');
    await said('sh', '-c', `test -s ${store}/overlay/*/diff/var/data`);
  },
  limitMs,
);

test(
  'garbage is collected, and nothing else',
  async () => {
    const stray = '127.0.0.1:5000/stray:1';
    await inStore(
      `skopeo copy --quiet docker://${two} 'containers-storage:[overlay@${store}+/run/tests]${stray}'`,
    );
    expect(await stored()).toEqual([one, stray]);
    await succeeds('gc');
    expect(await stored()).toEqual([one]);
  },
  limitMs,
);

test('an upgrade brings what the next OS image binds, and the next boot has it', async () => {
  await said(
    'skopeo',
    'copy',
    '--quiet',
    'oci:/var/lib/machine-tests/images:next',
    'docker://127.0.0.1:5000/os:latest',
  );
  await succeeds('upgrade');
  expect(await stored()).toEqual([one, two]);

  // The line to it breaks when it goes.
  await machine.run(['systemctl', 'reboot']).catch(() => {});
  await machine.off;
  machine = await booted();
  expect(await said('getenforce')).toBe('Enforcing');
  expect(await said('cat', '/usr/lib/os-release')).toContain('VERSION_ID=2\n');
  expect(await said('systemctl', 'is-active', 'bound-images-verify.service', 'boot-complete.target')).toBe(
    'active\nactive',
  );
  await succeeds('status');
}, 900_000);

test(
  'what SELinux refuses it, these tests see',
  async () => {
    // Logs are none of its business.
    const lint = ['systemd-run', '--quiet', '--wait', 'bound-images', 'lint', '/var/log/audit'] as const;
    expect((await machine.run([...lint], { limitMs })).exitCode).not.toBe(0);
    provoked = /denied .*:boundimages_t:.*:var_log_t:/;
    await expect.poll(denials, { timeout: limitMs }).toEqual([expect.stringMatching(provoked)]);
  },
  limitMs,
);
