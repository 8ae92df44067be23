// What nobody waits for: download windows, metered connections by the real NetworkManager, a day's bytes, logins, signatures, a kill;
// postponed or broken off, and begun again by itself.
import { stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readHostFraction } from '../../src/config/host-fraction.ts';
import { digestParts } from '../../src/model/digest.ts';
import type { HostState } from '../../src/model/host-state.ts';
import { busyboxLayer, makeImage, makeLayer, seededBytes } from '../support/image.ts';
import { type Scene, openScene, registry } from './scene.ts';
import { stateFile, untilState } from './state-file.ts';

const one = { 'one.image': `${registry}/one:1` };
const minuteMs = 60_000;
const dayMs = 24 * 60 * minuteMs;
const mebibyte = 1024 * 1024;
let scene: Scene;

beforeAll(async () => {
  scene = await openScene({ name: 'schedule', bound: one, apps: ['one:1'] });
  await scene.untilEntry('state-ready');
  // From now on the registry says what it has sent.
  const log = '[Service]\\nEnvironment=REGISTRY_LOG_LEVEL=info REGISTRY_LOG_FORMATTER=json\\n';
  await scene.stdoutOf('sh', '-c', `mkdir -p $0 && printf '${log}' >$0/log.conf`, registryUnit('registry'));
  await scene.stdoutOf('systemctl', 'daemon-reload');
  await scene.stdoutOf('systemctl', 'restart', 'registry.service');
  await untilAnswers(registry);
});
afterAll(async () => scene[Symbol.asyncDispose]());

test('a closed window: postponed, with its reason and turn for everybody to see', async () => {
  const { start, jitterMs, opensMs } = await windowThatOpensAt(Date.now() + 3 * 60 * minuteMs);
  await configure(`window = "${start}"\nwindow-jitter = "${jitterMs / 1_000}s"`);
  await bindNext('two');
  const before = (await blobsSent()).length;
  expect(await runScheduled()).toBe(3);
  const reason = expect.stringContaining('when the window of fetch.window opens');
  const { postponed } = (await scene.status()) as unknown as HostState;
  expect(postponed).toMatchObject({ reason });
  // The host's own moment, as it is on every day.
  expect(Math.abs((postponed?.untilUs ?? 0) / 1_000 - opensMs)).toBeLessThan(2_000);
  const { stdout } = await scene.run(['bound-images', 'status']);
  expect(stdout).toMatch(/^Prefetch {3}waiting, again at \d{4}-\d\d-\d\d \d\d:\d\d$/m);
  const shown = await scene.stdoutOf('busctl', 'get-property', ...manager, 'Postponed');
  expect(shown).toBe(`(ts) ${postponed?.untilUs} "${postponed?.reason}"`);
  await stopAgent();
  expect(Math.abs((await appointedMs()) - opensMs)).toBeLessThan(30_000);
  // Not even the OS image was read.
  expect(await blobsSent()).toHaveLength(before);
});

test('the window opens: begun by the timer, without any process before, and completed', async () => {
  // Late enough that the agent sees it closed, unless the machine is very slow: then it only begins at once.
  const { start, jitterMs, opensMs } = await windowThatOpensAt(Date.now() + 15_000);
  await configure(`window = "${start}"\nwindow-jitter = "${jitterMs / 1_000}s"`);
  // Another configuration: what was postponed with the last is looked at anew.
  await scene.run(['bound-images', 'status']);
  await untilState(scene, ({ postponed, images }) => isAt(postponed, opensMs) || isPresent(images, 'two'));
  await stopAgent();
  const { images, postponed } = await untilState(scene, (state) => isPresent(state.images, 'two'), 180_000);
  expect(postponed).toBeUndefined();
  const pulledUs = images.find(({ reference }) => reference === `${registry}/two:1`)?.lastPulledUs ?? 0;
  expect(pulledUs / 1_000).toBeGreaterThanOrEqual(opensMs);
});

test('metered: what nobody waits for waits; what somebody asks for does not; no longer metered, it goes on', async () => {
  await configure('');
  await startNetworkManager();
  await meter('yes');
  await bindNext('three');
  const before = (await blobsSent()).length;
  expect(await runScheduled()).toBe(3);
  const { postponed } = (await scene.status()) as unknown as HostState;
  expect(postponed?.reason).toContain('until the connection is no longer metered');
  expect(postponed?.untilUs).toBeGreaterThan(Date.now() * 1_000);
  expect(await blobsSent()).toHaveLength(before);

  expect(await scene.run(['bound-images', 'prefetch'])).toMatchObject({ exitCode: 0 });
  expect((await stateFile(scene)).postponed).toBeUndefined();

  await bindNext('four');
  expect(await runScheduled()).toBe(3);
  await meter('no');
  expect(await runScheduled()).toBe(0);
  expect(isPresent((await stateFile(scene)).images, 'four')).toBe(true);
  await scene.stdoutOf('systemctl', 'stop', 'NetworkManager.service');
});

test("a day's bytes are spent: it stops, waits for the next day, and goes on where it stopped", async () => {
  const limitBytes = 5 * mebibyte;
  await configure(`daily-limit = ${limitBytes}`);
  const big = await makeLayer({ big: seededBytes('big', 40 * mebibyte) });
  await scene.push(makeImage([await busyboxLayer(), big]), `${registry}/big:1`);
  await scene.publish({ ...one, 'big.image': `${registry}/big:1` });
  expect(await runScheduled()).toBe(3);
  const midnightMs = Math.ceil(Date.now() / dayMs) * dayMs;
  const { postponed } = await stateFile(scene);
  expect(postponed?.reason).toContain('that fetch.daily-limit allows for a day are spent');
  expect(Math.abs((postponed?.untilUs ?? 0) / 1_000 - midnightMs)).toBeLessThan(2_000);
  const day = new Date().toISOString().slice(0, 10);
  const ledger = JSON.parse(await scene.stdoutOf('cat', '/var/lib/bound-images/day-budget.json'));
  expect(ledger.data.bytesByDay[day]).toBeGreaterThanOrEqual(limitBytes);
  expect(ledger.data.bytesByDay[day]).toBeLessThan(limitBytes + 2 * mebibyte);
  const stopped = await sentOf(big.digest);
  // What the kernel holds for a connection was sent, and not read.
  expect(stopped).toBeLessThan(limitBytes + 10 * mebibyte);
  expect(await runScheduled()).toBe(3);
  expect(await sentOf(big.digest)).toBe(stopped);

  // The clock is the machine's, and stays: another limit lets it go on, as another day does.
  await configure('daily-limit = "1GB"');
  await scene.run(['bound-images', 'status']);
  await untilState(scene, ({ images }) => isPresent(images, 'big'));
  expect(await sentOf(big.digest)).toBeLessThan(1.01 * big.bytes.length + 10 * mebibyte);
});

test('a login that is missing: given up, not asked for again, and tried by itself once it is there', async () => {
  await configure('');
  await scene.pushApp('private:1');
  await startPrivateRegistry();
  await scene.publish({ ...one, 'private.image': '127.0.0.1:5001/private:1' });
  expect(await runScheduled()).toBe(1);
  const isRefused = ({ images }: HostState): boolean =>
    images.some(({ lastError }) => lastError?.code === 'Authentication');
  expect(isRefused(await stateFile(scene))).toBe(true);
  await stopAgent();
  const asked = await askedOfPrivateRegistry();
  expect(asked).toBeGreaterThan(0);
  expect(await runScheduled()).toBe(3);
  expect(await askedOfPrivateRegistry()).toBe(asked);
  const { postponed } = await stateFile(scene);
  expect(postponed?.reason).toContain('when the configuration or logins change');
  const auth = Buffer.from('user:password').toString('base64');
  const file = JSON.stringify({ auths: { '127.0.0.1:5001': { auth } } });
  await scene.stdoutOf('mkdir', '-p', '/etc/ostree');
  await writeFile(scene.path('/etc/ostree/auth.json'), file, { mode: 0o600 });
  await untilState(scene, ({ images }) =>
    images.some(({ reference, state }) => reference === '127.0.0.1:5001/private:1' && state === 'present'),
  );
});

test('what policy.json refuses: given up before a byte of it comes, and tried by itself once that is changed', async () => {
  const policy = (requirement: object): Promise<void> => {
    const docker = { [`${registry}/refused`]: [requirement] };
    const text = JSON.stringify({ default: [{ type: 'insecureAcceptAnything' }], transports: { docker } });
    return writeFile(scene.path('/etc/containers/policy.json'), text);
  };
  await policy({ type: 'reject' });
  await configure('');
  await bindNext('refused');
  const before = (await blobsSent()).filter(({ path }) => path.includes('/refused/'));
  expect(await runScheduled()).toBe(1);
  const { images } = await stateFile(scene);
  expect(images.find(({ reference }) => reference === `${registry}/refused:1`)).toMatchObject({
    state: 'missing',
    signaturePolicy: 'reject',
    lastError: { code: 'Policy', text: expect.stringContaining('sign the image, or change') },
  });
  expect((await scene.run(['bound-images', 'status'])).stdout).toMatch(/sign\s+the\s+image,\s+or\s+change/);
  await stopAgent();
  expect(await runScheduled()).toBe(3);
  expect((await blobsSent()).filter(({ path }) => path.includes('/refused/'))).toEqual(before);
  await policy({ type: 'insecureAcceptAnything' });
  await untilState(scene, (state) => isPresent(state.images, 'refused'));
});

test('SIGKILL in the middle: no process and no lock stays, and whoever comes next has it go on', async () => {
  await configure('bandwidth-limit = "8MB/s"');
  const layer = await makeLayer({ killed: seededBytes('killed', 40 * mebibyte) });
  await scene.push(makeImage([await busyboxLayer(), layer]), `${registry}/killed:1`);
  await scene.publish({ ...one, 'killed.image': `${registry}/killed:1` });
  const scheduled = runScheduled();
  const partial = join('/var/cache/bound-images/partial', digestParts(layer.digest).hex);
  const partialBytes = async (): Promise<number> =>
    stat(scene.path(partial)).then(
      ({ size }) => size,
      () => 0,
    );
  await expect.poll(partialBytes, { timeout: 90_000 }).toBeGreaterThan(12 * mebibyte);
  await scene.stdoutOf('systemctl', 'kill', '--signal=SIGKILL', '--kill-whom=main', 'bound-images.service');
  // Whoever waited is told.
  expect(await scheduled).toBe(1);
  const keptBytes = await partialBytes();
  const hasNone = async (): Promise<boolean> => (await scene.run(['pgrep', 'skopeo'])).exitCode === 1;
  await expect.poll(hasNone, { timeout: 60_000 }).toBe(true);
  // A question, and no word of a prefetch.
  await scene.run(['bound-images', 'status']);
  const { postponed } = await untilState(scene, (state) => isPresent(state.images, 'killed'));
  expect(postponed).toBeUndefined();
  const rest = (await blobsSent()).filter(
    ({ path, status }) => path.endsWith(layer.digest) && status === 206,
  );
  expect(rest).toHaveLength(1);
  expect(rest[0]?.bytes).toBeLessThanOrEqual(layer.bytes.length * 1.01 - keptBytes);
});

const manager = ['org.boundimages1', '/org/boundimages1', 'org.boundimages1.Manager'];

function registryUnit(name: string): string {
  return `/etc/systemd/system/${name}.service.d`;
}

/** A change that is watched may just start it. */
async function stopAgent(): Promise<void> {
  await scene.stdoutOf('sh', '-c', 'until systemctl stop bound-images.service; do sleep 0.1; done');
}

/** Another configuration of `[fetch]`, for the next agent. */
async function configure(lines: string): Promise<void> {
  await scene.stdoutOf('mkdir', '-p', '/etc/bound-images.d');
  await writeFile(scene.path('/etc/bound-images.d/test.toml'), `[fetch]\n${lines}\n`);
  await stopAgent();
}

/** The next OS image binds one app more. */
async function bindNext(name: string): Promise<void> {
  await scene.pushApp(`${name}:1`);
  await scene.publish({ ...one, [`${name}.image`]: `${registry}/${name}:1` });
}

/** As the timer does. @returns the exit status of the program */
async function runScheduled(): Promise<number> {
  // Nobody else starts it as often.
  await scene.run(['systemctl', 'reset-failed', 'bound-images-prefetch.service']);
  await scene.run(['systemctl', 'start', 'bound-images-prefetch.service']);
  const show = ['systemctl', 'show', '--property=ExecMainStatus', '--value', 'bound-images-prefetch.service'];
  return Number(await scene.stdoutOf(...show));
}

/** A window that began with a minute and, by this host's jitter, opens at that moment. */
async function windowThatOpensAt(
  wantedMs: number,
): Promise<{ start: string; jitterMs: number; opensMs: number }> {
  const fraction = await readHostFraction(scene.path('/'), () => Number.NaN);
  const startMs = Math.floor(wantedMs / minuteMs) * minuteMs;
  const jitterMs = Math.ceil((wantedMs - startMs) / fraction / 1_000) * 1_000;
  const time = (ms: number): string => new Date(ms).toISOString().slice(11, 16);
  const start = `${time(startMs)}-${time(startMs + dayMs / 2)}`;
  return { start, jitterMs, opensMs: startMs + fraction * jitterMs };
}

function isAt(postponed: HostState['postponed'], opensMs: number): boolean {
  return postponed !== undefined && Math.abs(postponed.untilUs / 1_000 - opensMs) < 2_000;
}

function isPresent(images: HostState['images'], name: string): boolean {
  return images.some(({ reference, state }) => reference === `${registry}/${name}:1` && state === 'present');
}

/** When systemd is to start the agent again, in milliseconds since the epoch. */
async function appointedMs(): Promise<number> {
  const timer = '/org/freedesktop/systemd1/unit/bound_2dimages_2dagain_2etimer';
  const what = ['org.freedesktop.systemd1.Timer', 'NextElapseUSecRealtime'];
  const shown = await scene.stdoutOf('busctl', 'get-property', 'org.freedesktop.systemd1', timer, ...what);
  return Number(shown.replace('t ', '')) / 1_000;
}

/** Blobs of images that the registry has sent until now, with the bytes of each answer. */
async function blobsSent(): Promise<{ path: string; status: number; bytes: number }[]> {
  const text = await scene.stdoutOf('journalctl', '--unit=registry.service', '--output=cat');
  return text.split('\n').flatMap((line) => {
    if (!line.includes('"response completed"')) return [];
    const entry = JSON.parse(line) as Record<string, unknown>;
    const path = String(entry['http.request.uri']);
    const isBlob = entry['http.request.method'] === 'GET' && path.includes('/blobs/');
    const status = Number(entry['http.response.status']);
    return isBlob ? { path, status, bytes: Number(entry['http.response.written'] ?? 0) } : [];
  });
}

async function sentOf(digest: string): Promise<number> {
  const blobs = (await blobsSent()).filter(({ path }) => path.endsWith(digest));
  return blobs.reduce((total, { bytes }) => total + bytes, 0);
}

async function untilAnswers(address: string): Promise<void> {
  const status = `curl --silent --output /dev/null http://${address}/v2/`;
  await scene.stdoutOf('sh', '-c', `until ${status}; do sleep 0.1; done`);
}

async function startNetworkManager(): Promise<void> {
  await scene.stdoutOf('systemctl', 'unmask', 'NetworkManager.service');
  await scene.stdoutOf('systemctl', 'start', 'NetworkManager.service');
  await scene.stdoutOf('ip', 'link', 'add', 'wan', 'type', 'veth', 'peer', 'name', 'lan');
  await scene.stdoutOf('ip', 'link', 'set', 'lan', 'up');
  const ipv4 = 'ipv4.method manual ipv4.addresses 192.0.2.2/24 ipv4.gateway 192.0.2.1 ipv6.method disabled';
  const connection = `type veth con-name wan ifname wan veth.peer lan ${ipv4}`;
  await scene.stdoutOf('nmcli', 'connection', 'add', ...connection.split(' '));
}

/** Has NetworkManager call the connection metered, or not. */
async function meter(metered: 'yes' | 'no'): Promise<void> {
  await scene.stdoutOf('nmcli', 'connection', 'modify', 'wan', 'connection.metered', metered);
  await scene.stdoutOf('nmcli', 'connection', 'up', 'wan');
}

/** The same registry, at another port, for those alone who log in. */
async function startPrivateRegistry(): Promise<void> {
  await scene.stdoutOf('htpasswd', '-Bbc', '/etc/registry-users', 'user', 'password');
  const settings = {
    REGISTRY_HTTP_ADDR: '127.0.0.1:5001',
    REGISTRY_AUTH_HTPASSWD_REALM: 'test',
    REGISTRY_AUTH_HTPASSWD_PATH: '/etc/registry-users',
    REGISTRY_LOG_LEVEL: 'info',
    OTEL_TRACES_EXPORTER: 'none',
  };
  const env = Object.entries(settings).map(([name, value]) => `--setenv=${name}=${value}`);
  const serve = ['docker-registry', 'serve', '/usr/libexec/bootc-standin/units/registry.json'];
  await scene.stdoutOf('systemd-run', '--unit=private-registry', ...env, ...serve);
  await untilAnswers('127.0.0.1:5001');
}

async function askedOfPrivateRegistry(): Promise<number> {
  const text = await scene.stdoutOf('journalctl', '--unit=private-registry.service', '--output=cat');
  return text.split('\n').filter((line) => line.includes('/v2/private/')).length;
}
