import { readFile, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Host, bootHost } from './boot.ts';

let host: Host;
beforeAll(async () => {
  host = await bootHost({ name: 'boot-test' });
});
afterAll(async () => host[Symbol.asyncDispose]());

async function stdoutOf(...argv: string[]): Promise<string> {
  const result = await host.run(argv);
  expect(result.stderr).toBe('');
  return result.stdout.trim();
}

test('it is a whole system with real programs, and no network but loopback', async () => {
  expect(await stdoutOf('systemctl', 'is-system-running')).toBe('running');
  expect(await stdoutOf('podman', '--version')).toContain(' 5.4.');
  expect(await stdoutOf('skopeo', '--version')).toContain(' 1.18.');
  expect(await stdoutOf('podman', 'info', '--format={{.Store.GraphDriverName}}')).toBe('overlay');
  expect(await stdoutOf('ls', '/sys/class/net')).toBe('lo');
});

test('a command gets its input, environment, folder and user, and gives its exit status', async () => {
  expect(await host.run(['cat'], { input: 'text' })).toEqual({ exitCode: 0, stdout: 'text', stderr: '' });
  const script = 'id -un; pwd; echo "$WORD"; exit 7';
  const options = { user: 'nobody', workingFolder: '/usr', env: { WORD: 'two words' } };
  const result = await host.run(['sh', '-c', script], options);
  expect(result).toEqual({ exitCode: 7, stdout: 'nobody\n/usr\ntwo words\n', stderr: '' });
});

test('its files are seen from outside', async () => {
  await writeFile(host.path('/etc/from-outside'), 'a');
  expect(await stdoutOf('cat', '/etc/from-outside')).toBe('a');
  await host.run(['sh', '-c', 'echo b >/var/from-inside']);
  expect(await readFile(host.path('/var/from-inside'), 'utf8')).toBe('b\n');
});

test('a reboot and a power cut keep the disk and nothing else', async () => {
  const write = 'echo etc >/etc/kept; echo var >/var/kept; echo sysroot >/sysroot/kept; echo run >/run/gone';
  await host.run(['sh', '-c', write]);
  for (const again of [async () => host.reboot(), async () => host.kill().then(async () => host.start())]) {
    await again();
    expect(await stdoutOf('cat', '/etc/kept', '/var/kept', '/sysroot/kept')).toBe('etc\nvar\nsysroot');
    expect((await host.run(['cat', '/run/gone'])).exitCode).toBe(1);
  }
});

test('two hosts are up at once and know nothing of each other', async () => {
  await using other = await bootHost({ name: 'boot-test-other' });
  expect(await stdoutOf('hostname')).toBe(host.name);
  expect((await other.run(['hostname'])).stdout.trim()).toBe(other.name);
  await other.run(['touch', '/var/mark']);
  expect((await host.run(['ls', '/var/mark'])).exitCode).not.toBe(0);
  await other.powerOff();
  await expect(other.run(['true'])).rejects.toThrow('is not up');
  expect(await stdoutOf('systemctl', 'is-system-running')).toBe('running');
});
