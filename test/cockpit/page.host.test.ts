// The page in a real browser, with the real web server, bridge and bus of a host; the agent serves states that are hard to make for real.
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, onTestFailed, test } from 'vitest';
import { runProgram } from '../../src/system/run-program.ts';
import { type HostBrowser, openBrowser, violations, type WatchedPage } from './browser.ts';
import { bootPageHost, type PageHost, run } from './page-host.ts';
import * as scenes from './scenes.ts';

const unit = 'bound-images.service';
const fits = { width: 400, height: 900 };
let pages: PageHost;
let browser: HostBrowser;
let opened: WatchedPage[] = [];
/** For the report of a test that failed. */
const shownAtEnd = new WeakMap<WatchedPage, string>();

beforeAll(async () => {
  pages = await bootPageHost();
  browser = await openBrowser(pages.host);
}, 120_000);
afterAll(async () => {
  await browser?.[Symbol.asyncDispose]();
  await pages?.[Symbol.asyncDispose]();
});
beforeEach(async () => {
  await run(pages.host, ['systemctl', 'stop', unit]);
  await run(pages.host, ['systemctl', 'reset-failed', unit]).catch(() => '');
});
afterEach(async () => {
  const complaints = opened.flatMap((page) => page.complaints);
  for (const watched of opened) shownAtEnd.set(watched, await watched.page.innerText('body').catch(String));
  for (const page of opened) await page[Symbol.asyncDispose]();
  opened = [];
  if (complaints.length > 0) throw new Error(`the browser complains:\n${complaints.join('\n')}`);
});

async function openPage(
  session: 'root' | 'user' = 'root',
  options: Parameters<HostBrowser['open']>[0] = {},
): Promise<Page> {
  const watched = await browser.open(options);
  opened.push(watched);
  onTestFailed(async () => {
    const journal = await run(pages.host, ['journalctl', '--boot', '--lines=40', '--no-pager']);
    process.stderr.write(`the page:\n${shownAtEnd.get(watched)}\n\nthe journal:\n${journal}\n`);
  });
  const response = await watched.page.goto(pages.address(session));
  // Cockpit's own, strict one.
  expect(response?.headers()['content-security-policy']).toMatch(/^((?!unsafe).)*$/);
  return watched.page;
}

function row(page: Page, text: string, table = 'Images') {
  return page.getByRole('grid', { name: table, exact: true }).getByRole('row').filter({ hasText: text });
}

/** Resolves once the agent's unit is in that state. */
async function untilUnit(state: string): Promise<void> {
  const script = `until [ "$(systemctl show --property=ActiveState --value ${unit})" = ${state} ]; do sleep 0.1; done`;
  await run(pages.host, ['sh', '-c', script], 20_000);
}

/** How often the agent has been started. */
async function starts(): Promise<number> {
  const lines = await run(pages.host, ['journalctl', '--unit', unit, '--output=cat', '--quiet']);
  return lines.split('\n').filter((line) => line.startsWith('Started ')).length;
}

test('shows the host at a glance, its deployments, images and last results', async () => {
  await pages.show(scenes.ready);
  const page = await openPage();
  await page.getByText('3 bound images, all present').waitFor();
  await row(page, '42.20261020.0', 'Deployments').filter({ hasText: 'Rollback' }).waitFor();
  await row(page, 'quay.io/example/api:2.14').filter({ hasText: '217.3 MB' }).waitFor();
  // What several share once, and nothing in proportion.
  await row(page, '42.20261020.0', 'Deployments')
    .filter({ hasText: '261.5 MB' })
    .filter({ hasText: '126.2 MB alone' })
    .waitFor();
  const storage = page.getByRole('listitem');
  await storage.filter({ hasText: 'Running system alone' }).filter({ hasText: '229.6 MB' }).waitFor();
  await storage.filter({ hasText: 'Several deployments' }).filter({ hasText: '135.3 MB' }).waitFor();
  await storage.filter({ hasText: 'Not bound' }).filter({ hasText: '6.9 MB' }).waitFor();
  await page.getByText('31.4 GB free · 50.1 MB saved by shared layers').waitFor();
  await row(page, '2 images were fetched', 'Last results')
    .filter({ hasText: '217.3 MB' })
    .filter({ hasText: '4 min' })
    .waitFor();
  await row(page, 'Fetching images failed', 'Last results')
    .filter({ hasText: 'the registry has no such image' })
    .waitFor();
  expect(await row(page, 'quay.io/example/web:2.8', 'Last results').count()).toBe(0);
  await page.getByRole('button', { name: 'Show all 13' }).press('Enter');
  await row(page, 'quay.io/example/web:2.8', 'Last results').waitFor();
  await page.getByRole('button', { name: 'Show fewer', expanded: true }).press('Enter');
  await row(page, 'quay.io/example/web:2.8', 'Last results').waitFor({ state: 'detached' });
  await row(page, 'docker.io/library/postgres').filter({ hasText: 'Not checked' }).waitFor();
  await page.getByRole('button', { name: 'Details' }).first().click();
  await page.getByText('/usr/lib/bootc/bound-images.d/postgres.image').waitFor();
  expect(await violations(page)).toEqual([]);
});

test('shows what is wrong, and where', async () => {
  await pages.show(scenes.busy);
  const page = await openPage('root', { colorScheme: 'dark' });
  await page.getByText('lacks 2 images').waitFor();
  await row(page, 'metrics.image', 'Problems in definitions')
    .filter({ hasText: 'bootc-specifier' })
    .waitFor();
  await page.getByText('2 images, 410.4 MB').waitFor();
  await page.getByRole('combobox', { name: 'State' }).selectOption('damaged');
  await row(page, 'postgres').getByRole('button', { name: 'Details' }).click();
  await page.getByText('has lost 3 files').waitFor();
  expect(await page.locator('html').getAttribute('class')).toContain('pf-v6-theme-dark');
  expect(await violations(page)).toEqual([]);
});

test('follows a job, which can be cancelled', async () => {
  await pages.show(scenes.busy);
  const page = await openPage();
  await page.getByRole('button', { name: 'Prefetch now' }).click();
  const bar = page.getByRole('progressbar', { name: 'Fetching images' });
  await bar.waitFor();
  await page.getByText('172 MB of 410.4 MB').waitFor();
  await page.getByText('11.3 MB per second').waitFor();
  await page.getByText('22 sec left').waitFor();
  await pages.show({ ...scenes.busy, jobs: [{ progress: 0.8, bytesDone: 330_000_000 }] });
  await page.getByText('330 MB of 410.4 MB').waitFor();
  expect(await bar.getAttribute('aria-valuenow')).toBe('80');
  expect(await violations(page)).toEqual([]);
  await page.getByRole('button', { name: 'Cancel' }).click();
  const cancelled = row(page, 'Fetching images was cancelled', 'Last results').filter({ hasText: '330 MB' });
  await cancelled.waitFor();
  expect(await bar.count()).toBe(0);
});

test('tells why a job has failed, in the words of the agent', async () => {
  await pages.show(scenes.ready);
  const page = await openPage();
  await page.getByRole('button', { name: 'Prepare upgrade' }).click();
  await page.getByRole('progressbar', { name: 'Preparing the upgrade' }).waitFor();
  const text = 'The disk has 1 GB free, and 4 GB are needed: remove what is not needed.';
  await pages.show({
    ...scenes.ready,
    jobs: [{ state: 'failed', endTimeUs: Date.now() * 1000, error: { code: 'NoSpace', text } }],
  });
  const alert = page.getByRole('heading', { name: 'Preparing the upgrade failed' });
  await alert.waitFor();
  // In the history too, which is asked for after it.
  await page.getByText(text).nth(1).waitFor();
  expect(await violations(page)).toEqual([]);
  await page.getByRole('button', { name: /^Close/ }).click();
  await alert.waitFor({ state: 'detached' });
});

test('shows what cleaning up would take before it does', async () => {
  await pages.show(scenes.garbage);
  const page = await openPage();
  await page.getByRole('button', { name: 'More actions' }).click();
  await page.getByRole('menuitem', { name: 'Clean up…' }).click();
  const dialog = page.getByRole('dialog');
  await dialog
    .getByText('2 images are needed by no deployment and no container. Removing them frees 345 MB.')
    .waitFor();
  await dialog.getByText('quay.io/example/web:2.12').waitFor();
  expect(await violations(page)).toEqual([]);
  await dialog.getByRole('button', { name: 'Remove' }).click();
  await page.getByText('Cleaned up, 345 MB were freed').first().waitFor();
});

test('asks before it reboots, and Escape is no', async () => {
  await pages.show(scenes.ready);
  const page = await openPage();
  await page.getByRole('button', { name: 'Prepare and reboot…' }).click();
  await page.getByRole('dialog').waitFor();
  expect(await violations(page)).toEqual([]);
  await page.keyboard.press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  expect(await page.getByRole('progressbar').count()).toBe(0);
  await page.getByRole('button', { name: 'Prepare and reboot…' }).click();
  await page.getByRole('button', { name: 'Prepare and reboot', exact: true }).click();
  await page.getByRole('progressbar', { name: 'Preparing the upgrade' }).waitFor();
});

test('says that a scheduled prefetch waits, until it does not', async () => {
  const reason = 'downloads wait until the connection is no longer metered';
  const postponed = { untilUs: Date.UTC(2030, 0, 2, 3, 4) * 1_000, reason };
  await pages.show({ ...scenes.ready, state: { ...scenes.ready.state, postponed } });
  const page = await openPage();
  await page.getByText('next try Jan 2, 2030').waitFor();
  await page.getByText(reason).waitFor();
  expect(await violations(page)).toEqual([]);
  await pages.show({
    ...scenes.ready,
    state: { ...scenes.ready.state, postponed: { untilUs: 0, reason: '' } },
  });
  await page.getByText(reason).waitFor({ state: 'detached' });
});

test('says what the next upgrade needs when it is asked', async () => {
  await pages.show(scenes.ready);
  const page = await openPage();
  await page.getByText('No upgrade is known.').waitFor();
  await page.getByRole('button', { name: 'Check now' }).click();
  await page.getByText('20 bytes').waitFor();
  await page.getByText('7 kB of 31.4 GB that are free').waitFor();
  expect(await page.getByText('43.1 · 4 bound images').count()).toBe(1);
});

test('who may do nothing sees all the same, and is told so', async () => {
  await pages.show(scenes.busy);
  const page = await openPage('user');
  await page.getByRole('heading', { name: 'Limited access' }).waitFor();
  await row(page, 'quay.io/example/api:2.14').waitFor();
  for (const name of ['Prefetch now', 'More actions', 'Check now', 'Prepare upgrade'])
    expect(await page.getByRole('button', { name }).count()).toBe(0);
  expect(await violations(page)).toEqual([]);
});

test('stays as it is when the agent leaves, lets it leave, and follows the next one', async () => {
  const startsBefore = await starts();
  await pages.show({ ...scenes.ready, idleMs: 1_500 });
  const page = await openPage();
  const image = row(page, 'quay.io/example/api:2.14');
  await image.filter({ hasText: 'Present' }).waitFor();
  await image.getByRole('button', { name: 'Details' }).click();
  await page.evaluate(
    `new MutationObserver((changes) => { window.changes = (window.changes ?? 0) + changes.length; }).observe(document.body, { subtree: true, childList: true, characterData: true })`,
  );
  await untilUnit('inactive');
  await run(pages.host, [
    'busctl',
    'call',
    'org.boundimages1',
    '/org/boundimages1',
    'org.freedesktop.DBus.Peer',
    'Ping',
  ]);
  await untilUnit('inactive');
  expect(await page.evaluate('window.changes ?? 0')).toBe(0);
  const changed = (scenes.ready.state?.images ?? []).map((one) => ({ ...one, state: 'missing' as const }));
  await pages.show({ state: { ...scenes.ready.state, images: changed }, idleMs: 1_500 });
  await run(pages.host, [
    'busctl',
    'call',
    'org.boundimages1',
    '/org/boundimages1',
    'org.freedesktop.DBus.Peer',
    'Ping',
  ]);
  await image.filter({ hasText: 'Missing' }).waitFor();
  // What was open is open yet.
  await page.getByText('/usr/lib/bootc/bound-images.d/api.image').waitFor();
  await untilUnit('inactive');
  // One for the page, two for the calls: the page has asked for no other.
  expect(await starts()).toBe(startsBefore + 3);
});

test('who stops the agent under a job is not undone by the page, which shows what became of it', async () => {
  await pages.show(scenes.busy);
  const page = await openPage();
  await page.getByRole('button', { name: 'Prefetch now' }).click();
  const bar = page.getByRole('progressbar', { name: 'Fetching images' });
  await bar.waitFor();
  const startsBefore = await starts();
  await run(pages.host, ['systemctl', 'stop', unit]);
  await bar.waitFor({ state: 'detached' });
  await untilUnit('inactive');
  expect(await starts()).toBe(startsBefore);
});

test('an agent that crashes and comes back is followed', async () => {
  await pages.show(scenes.ready);
  const page = await openPage();
  await page.getByText('3 bound images, all present').waitFor();
  await run(pages.host, ['systemctl', 'kill', '--signal=SEGV', unit]);
  const failed = page.getByRole('heading', { name: 'The service has failed' });
  await failed.waitFor();
  await failed.waitFor({ state: 'detached' });
  expect(await page.getByText('3 bound images, all present').count()).toBe(1);
});

test('says so when the agent has crashed and stays away, until it runs again', async () => {
  await pages.show(scenes.ready);
  const dropIn = `/run/systemd/system/${unit}.d`;
  const stay = `mkdir $0 && printf '[Service]\\nRestart=no\\n' >$0/stay.conf && systemctl daemon-reload`;
  await run(pages.host, ['sh', '-c', stay, dropIn]);
  const page = await openPage();
  await page.getByText('3 bound images, all present').waitFor();
  await run(pages.host, ['systemctl', 'kill', '--signal=SEGV', unit]);
  await page.getByRole('heading', { name: 'The service has failed' }).waitFor();
  await page.getByText('SEGV').first().waitFor();
  expect(await violations(page)).toEqual([]);
  await page.getByRole('button', { name: 'Prefetch now' }).click();
  await page.getByRole('heading', { name: 'The service has failed' }).waitFor({ state: 'detached' });
  await page.getByRole('progressbar').waitFor();
  await run(pages.host, ['sh', '-c', 'rm -r $0 && systemctl daemon-reload', dropIn]);
});

test('shows the journal of an agent that does not start, and tries again', async () => {
  await pages.show({ defect: 'bound-images: /etc/bound-images.toml:3: no such key: prefech' });
  const page = await openPage();
  // Long before the bus gives up.
  await page.getByRole('heading', { name: 'The service could not be started' }).waitFor({ timeout: 10_000 });
  await page.getByText('no such key: prefech').waitFor();
  expect(await violations(page)).toEqual([]);
  await pages.show(scenes.ready);
  await page.getByRole('button', { name: 'Try again' }).click();
  await page.getByText('3 bound images, all present').waitFor({ timeout: 10_000 });
});

test('who may not read the journal is told where it is', async () => {
  await pages.show({ defect: 'a secret of administrators' });
  const page = await openPage('user');
  await page.getByText('Why is in its journal').waitFor();
  expect(await page.getByText('a secret').count()).toBe(0);
  expect(await violations(page)).toEqual([]);
  // The bus waits for half a minute for what has failed, and starts no other meanwhile.
  await pages.show(scenes.ready);
  await run(pages.host, ['systemctl', 'start', unit]);
  await page.getByText('3 bound images, all present').waitFor();
});

test('says that it waits while the agent starts', async () => {
  const pipe = '/run/scene/start';
  await pages.show({ ...scenes.ready, waitsFor: pipe });
  await run(pages.host, ['mkfifo', pipe]);
  const page = await openPage();
  await page.getByRole('heading', { name: 'Looking at this host' }).waitFor();
  expect(await violations(page)).toEqual([]);
  await run(pages.host, ['sh', '-c', `echo >${pipe}`]);
  await page.getByText('3 bound images, all present').waitFor();
  await run(pages.host, ['rm', pipe]);
});

test.each([
  ['nothing bound', scenes.nothingBound, 'No images are bound'],
  ['not a bootc host', scenes.notBootc, 'This is not a bootc host'],
])('%s', async (_name, scene, heading) => {
  await pages.show(scene);
  const page = await openPage();
  await page.getByRole('heading', { name: heading }).waitFor();
  expect(await violations(page)).toEqual([]);
});

test('200 images are there within two seconds, and typing stays fluid', async () => {
  await pages.show(scenes.many);
  await run(pages.host, ['systemctl', 'start', unit]);
  const waits: number[] = [];
  let page: Page;
  // The best of some: others work on this machine too.
  do {
    const before = performance.now();
    page = await openPage();
    await row(page, 'app-000').waitFor();
    waits.push(performance.now() - before);
  } while (Math.min(...waits) >= 2_000 && waits.length < 12);
  expect(Math.min(...waits)).toBeLessThan(2_000);
  await row(page, 'app-199').waitFor();
  await page.evaluate(
    `window.waits = []; new PerformanceObserver((list) => window.waits.push(...list.getEntries().filter(({ name }) => name === 'keydown').map(({ duration }) => duration))).observe({ type: 'event', durationThreshold: 16 })`,
  );
  await page.getByRole('textbox', { name: 'Filter images' }).pressSequentially('app-19');
  await row(page, 'app-000').waitFor({ state: 'detached' });
  expect(await page.getByRole('row').filter({ hasText: 'quay.io/example/app-' }).count()).toBe(10);
  // From a key to what it draws, in milliseconds; below 200 it feels immediate (web.dev, "Interaction to Next Paint"). The median: others
  // work on this machine too.
  const keys = await page.evaluate<number[]>('window.waits.toSorted((a, b) => a - b)');
  expect(keys[Math.floor(keys.length / 2)] ?? 0).toBeLessThan(200);
});

test('what software centres show is valid', async () => {
  const metainfo = join(import.meta.dirname, '../../src/cockpit/org.boundimages.cockpit.metainfo.xml');
  const { exitCode, stdout } = await runProgram('appstreamcli', [
    'validate',
    '--no-net',
    '--pedantic',
    metainfo,
  ]);
  expect([exitCode, stdout.toString()]).toEqual([0, expect.stringContaining('successful')]);
});

test('fits a narrow screen', async () => {
  await pages.show(scenes.busy);
  const page = await openPage('root', { viewport: fits });
  await page.getByText('lacks 2 images').waitFor();
  await page.getByRole('button', { name: 'Details' }).first().click();
  expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(fits.width);
  expect(await violations(page)).toEqual([]);
});

test('can be used with the keyboard alone', async () => {
  await pages.show(scenes.ready);
  const page = await openPage();
  await row(page, 'quay.io/example/api:2.14').waitFor();
  const focused = (): Promise<string> =>
    page.evaluate<string>(
      'document.activeElement.getAttribute("aria-label") ?? document.activeElement.textContent',
    );
  const seen: string[] = [];
  for (let tabs = 0; tabs < 12 && seen.at(-1) !== 'More actions'; tabs += 1) {
    await page.keyboard.press('Tab');
    seen.push(await focused());
  }
  expect(seen).toEqual(
    expect.arrayContaining([
      'Check now',
      'Prepare upgrade',
      'Prepare and reboot…',
      'Prefetch now',
      'More actions',
    ]),
  );
  await page.keyboard.press('Enter');
  await page.getByRole('menuitem', { name: 'Verify Looks' }).waitFor();
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Escape');
  await page.getByRole('menuitem').first().waitFor({ state: 'detached' });
  expect(await focused()).toBe('More actions');
});

test('speaks the language of the user, and follows the style of the shell', async () => {
  await pages.show(scenes.ready);
  const page = await openPage('root', { locale: 'de-DE' });
  await page.getByRole('heading', { name: 'Letzte Ergebnisse' }).waitFor();
  expect(await page.title()).toBe('Gebundene Abbilder');
  await page.getByText('3 gebundene Abbilder, alle vorhanden').waitFor();
  expect(await page.locator('html').getAttribute('lang')).toBe('de');
  const dark = page.locator('html.pf-v6-theme-dark');
  expect(await dark.count()).toBe(0);
  await page.evaluate(
    `window.dispatchEvent(new CustomEvent('cockpit-style', { detail: { style: 'dark' } }))`,
  );
  await dark.waitFor({ state: 'attached' });
});
