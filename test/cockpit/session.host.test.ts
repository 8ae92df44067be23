// Cockpit as people meet it, on a host with the product: login, menu, administrative access by sudo, polkit; and a real prefetch that the
// page watches.
import { cp, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Frame, FrameLocator, Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openScene, registry, type Scene } from '../scenario/scene.ts';
import { makeImage, makeLayer, seededBytes } from '../support/image.ts';
import { type HostBrowser, openBrowser, violations, type WatchedPage } from './browser.ts';

const project = join(import.meta.dirname, '..', '..');
const password = 'a password of the tests';
const frameName = 'cockpit1:localhost/boundimages';
const one = { 'one.image': `${registry}/one:1` };
let scene: Scene;
let browser: HostBrowser;

beforeAll(async () => {
  scene = await openScene({ name: 'session', bound: one, apps: ['one:1'] });
  browser = await openBrowser(scene);
  await cp(join(project, 'dist/cockpit/boundimages'), scene.path('/usr/share/cockpit/boundimages'), {
    recursive: true,
  });
  await mkdir(scene.path('/etc/cockpit'), { recursive: true });
  await writeFile(scene.path('/etc/cockpit/cockpit.conf'), '[WebService]\nAllowUnencrypted = true\n');
  await scene.stdoutOf('useradd', '--create-home', '--shell=/bin/bash', '--groups=sudo', 'admin');
  await scene.stdoutOf('useradd', '--create-home', '--shell=/bin/bash', 'viewer');
  await scene.run(['chpasswd'], { input: `admin:${password}\nviewer:${password}\n` });
  await scene.stdoutOf('systemctl', 'start', 'cockpit.socket');
  await scene.untilEntry('state-ready');
}, 180_000);
afterAll(async () => {
  await browser?.[Symbol.asyncDispose]();
  await scene?.[Symbol.asyncDispose]();
});

/** Logs in and goes to the page by the menu. */
async function logIn(watched: WatchedPage, user: string): Promise<FrameLocator> {
  const { page } = watched;
  await page.goto('http://127.0.0.1:9090/');
  await page.locator('#login-user-input').fill(user);
  await page.locator('#login-password-input').fill(password);
  await page.locator('#login-button').click();
  await page.locator("#host-apps a[href='/boundimages']").click();
  return page.frameLocator(`iframe[name='${frameName}']`);
}

function images(frame: FrameLocator): Locator {
  return frame.getByRole('grid', { name: 'Images', exact: true });
}

function frameOf(page: Page): Frame {
  const frame = page.frame({ name: frameName });
  if (frame === null) throw new Error(`there is no frame ${frameName}`);
  return frame;
}

test('an administrator sees at once what sudo allows, and watches a prefetch', async () => {
  await using watched = await browser.open();
  const { page } = watched;
  const frame = await logIn(watched, 'admin');
  await frame.getByRole('heading', { name: 'Limited access' }).waitFor();
  await images(frame)
    .getByRole('row')
    .filter({ hasText: `${registry}/one:1` })
    .filter({ hasText: 'Present' })
    .waitFor();
  expect(await frame.getByRole('button', { name: 'Prefetch now' }).count()).toBe(0);

  await frameOf(page).evaluate('window.isTheSame = true');
  await page.getByRole('button', { name: 'Limited access' }).click();
  await page.getByRole('dialog').locator('input[type=password]').fill(password);
  await page.getByRole('button', { name: 'Authenticate' }).click();
  await frame.getByRole('button', { name: 'Prefetch now' }).waitFor();
  expect(await frame.getByRole('heading', { name: 'Limited access' }).count()).toBe(0);

  // So slow that there is something to watch.
  await writeFile(scene.path('/etc/bound-images.toml'), '[fetch]\nbandwidth-limit = "4MB/s"\n');
  // The change starts it, too, which takes the place of a mere stop.
  await scene.stdoutOf('systemctl', 'restart', 'bound-images.service');
  const large = makeImage([await makeLayer({ large: seededBytes('large', 16_000_000) }, 'none')]);
  await scene.push(large, `${registry}/two:1`);
  await scene.publish({ ...one, 'two.image': `${registry}/two:1` });
  await frame.getByRole('button', { name: 'Prefetch now' }).click();
  const bar = frame.getByRole('progressbar', { name: /^Fetching/ });
  await bar.waitFor();
  await frame.getByText(/MB of 16/).waitFor();
  await frame.getByText(/per second/).waitFor();
  const row = images(frame)
    .getByRole('row')
    .filter({ hasText: `${registry}/two:1` });
  await row.filter({ hasText: 'Fetching' }).filter({ hasText: 'Next upgrade' }).waitFor();
  await bar.waitFor({ state: 'detached', timeout: 60_000 });
  await row.filter({ hasText: 'Present' }).filter({ hasText: '16 MB' }).waitFor();
  expect(await scene.storedNames()).toContain(`${registry}/two:1`);
  const results = frame.getByRole('grid', { name: 'Last results' });
  await results
    .getByRole('row')
    .filter({ hasText: '1 image was fetched' })
    .filter({ hasText: `${registry}/two:1` })
    .filter({ hasText: '16 MB' })
    .waitFor();

  expect(await frameOf(page).evaluate('window.isTheSame')).toBe(true);
  await page.getByRole('button', { name: 'Administrative access' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Limit access' }).click();
  await frame.getByRole('heading', { name: 'Limited access' }).waitFor();
  expect(await frame.getByRole('button', { name: 'Prefetch now' }).count()).toBe(0);
  expect(watched.complaints.filter((text) => text.includes('/boundimages/'))).toEqual([]);
});

test('who is no administrator sees the same, and polkit lets them do nothing', async () => {
  await using watched = await browser.open();
  const frame = await logIn(watched, 'viewer');
  await frame.getByRole('heading', { name: 'Limited access' }).waitFor();
  await images(frame)
    .getByRole('row')
    .filter({ hasText: `${registry}/one:1` })
    .waitFor();
  expect(await violations(frameOf(watched.page))).toEqual([]);
  expect(watched.complaints.filter((text) => text.includes('/boundimages/'))).toEqual([]);
  const argv = [
    'org.boundimages1',
    '/org/boundimages1',
    'org.boundimages1.Manager',
    'Prefetch',
    'asa{sv}',
    '0',
    '0',
  ];
  const refused = await scene.run(['busctl', 'call', ...argv], { user: 'viewer' });
  expect(refused.exitCode).not.toBe(0);
  expect(refused.stderr).toMatch(/authori[sz]|not allowed|denied/i);
});
