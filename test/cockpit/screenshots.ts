// `node test/cockpit/screenshots.ts`: the pictures of docs/images, of states that the tests show too. Needs what the tests need, and
// pngquant, which keeps them small.
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { runProgram } from '../../src/system/run-program.ts';
import { openBrowser } from './browser.ts';
import { bootPageHost, run } from './page-host.ts';
import type { Scene } from './scene-agent.ts';
import * as scenes from './scenes.ts';

interface Picture {
  readonly name: string;
  readonly scene: Scene;
  readonly dark?: boolean;
  readonly width: number;
  readonly session?: 'user';
  /** Brings the page into the state of the picture. */
  readonly prepare: (page: Page) => Promise<void>;
}

const wide = 1200;
const narrow = 400;
const heightMax = 1600;
const folder = join(import.meta.dirname, '..', '..', 'docs', 'images');

const allPresent = async (page: Page): Promise<void> => page.getByText('all present').waitFor();
const fetching = async (page: Page): Promise<void> => {
  await page.getByRole('button', { name: 'Prefetch now' }).click();
  await page.getByText('left').waitFor();
  await page.mouse.move(0, 0);
  // A click scrolls to what it is about.
  await page.evaluate('document.activeElement.blur(); window.scrollTo(0, 0)');
};
const details = async (page: Page): Promise<void> => {
  await fetching(page);
  await page.getByRole('button', { name: 'Details' }).first().click();
  await page.evaluate('document.activeElement.blur()');
};

const pictures: readonly Picture[] = [
  { name: 'cockpit-ready', scene: scenes.ready, width: wide, prepare: allPresent },
  { name: 'cockpit-ready-narrow', scene: scenes.ready, width: narrow, prepare: allPresent },
  { name: 'cockpit-fetching', scene: scenes.busy, width: wide, prepare: details },
  { name: 'cockpit-fetching-dark', scene: scenes.busy, dark: true, width: wide, prepare: fetching },
  { name: 'cockpit-fetching-dark-narrow', scene: scenes.busy, dark: true, width: narrow, prepare: fetching },
  {
    name: 'cockpit-clean-up',
    scene: scenes.garbage,
    width: wide,
    prepare: async (page) => {
      await page.getByRole('button', { name: 'More actions' }).click();
      await page.getByRole('menuitem', { name: 'Clean up…' }).click();
      await page.getByText('345 MB').first().waitFor();
    },
  },
  {
    name: 'cockpit-limited-access',
    scene: scenes.ready,
    width: wide,
    session: 'user',
    prepare: allPresent,
  },
  {
    name: 'cockpit-not-started',
    scene: { defect: '/etc/bound-images.toml:3: no key `prefech` in [fetch]; did you mean `parallel`?' },
    width: wide,
    prepare: async (page) => page.getByText('no key').waitFor(),
  },
];

await using pages = await bootPageHost();
await using browser = await openBrowser(pages.host);
await mkdir(folder, { recursive: true });
for (const { name, scene, dark = false, width, session = 'root', prepare } of pictures) {
  await run(pages.host, ['systemctl', 'stop', 'bound-images.service']);
  await pages.show(scene);
  await using watched = await browser.open({
    colorScheme: dark ? 'dark' : 'light',
    viewport: { width, height: 700 },
    reducedMotion: 'reduce',
    timezoneId: 'UTC',
  });
  const { page } = watched;
  await page.goto(pages.address(session));
  await prepare(page);
  const height = await page.evaluate<number>('document.documentElement.scrollHeight');
  await page.setViewportSize({ width, height: Math.min(height, heightMax) });
  await page.evaluate('window.scrollTo(0, 0)');
  await page.evaluate('document.fonts.ready');
  const path = join(folder, `${name}.png`);
  await page.screenshot({ path, animations: 'disabled' });
  const quantize = ['--force', '--skip-if-larger', '--strip', '--speed=1', '--ext=.png', '64', path];
  const { exitCode, stderr } = await runProgram('pngquant', quantize);
  // 98 and 99: it would not get smaller.
  if (exitCode !== 0 && exitCode !== 98 && exitCode !== 99) {
    await rm(path);
    throw new Error(`pngquant: ${stderr}`);
  }
}
