import { chmod, readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { type Browser, type BrowserContextOptions, chromium, type Frame, type Page } from 'playwright-core';
import type { Host } from '../host/boot.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

export interface HostBrowser extends AsyncDisposable {
  /** A page in a context of its own, so without what others have stored. */
  readonly open: (options?: BrowserContextOptions) => Promise<WatchedPage>;
}

export interface WatchedPage extends AsyncDisposable {
  readonly page: Page;
  /** Errors on the console, requests that failed, reports of the content security policy, with whose they are: none is ever right. */
  readonly complaints: readonly string[];
}

/** Debian's chromium, which runs on this machine and has the network of a host. */
export async function openBrowser(host: Host): Promise<HostBrowser> {
  const folder = await temporaryFolder();
  const [, leaderPid = ''] = /^\/proc\/(\d+)\//.exec(host.path('/')) ?? [];
  const wrapper = join(folder.path, 'chromium');
  await writeFile(wrapper, `#!/bin/sh\nexec nsenter --target ${leaderPid} --net -- /usr/bin/chromium "$@"\n`);
  await chmod(wrapper, 0o755);
  const quiet = ['quic', 'gpu', 'background-networking', 'component-update', 'sync'];
  const browser: Browser = await chromium.launch({
    executablePath: wrapper,
    args: ['--no-sandbox', '--no-first-run', ...quiet.map((name) => `--disable-${name}`)],
    env: { ...process.env, HOME: folder.path },
  });
  return {
    open: async (options) => watched(browser, options),
    [Symbol.asyncDispose]: async () => {
      await browser.close();
      await folder[Symbol.asyncDispose]();
    },
  };
}

async function watched(browser: Browser, options: BrowserContextOptions = {}): Promise<WatchedPage> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 1000 }, ...options });
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('console', (message) => {
    // What a policy forbids is an error on the console, too.
    if (message.type() === 'error' || message.type() === 'warning')
      complaints.push(`${message.location().url}: ${message.text()}`);
  });
  page.on('pageerror', (error) => complaints.push(error.stack ?? String(error)));
  page.on('requestfailed', (request) => {
    complaints.push(`${request.url()}: ${request.failure()?.errorText}`);
  });
  page.on('response', (response) => {
    if (response.status() >= 400) complaints.push(`${response.url()}: ${response.status()}`);
  });
  return { page, complaints, [Symbol.asyncDispose]: async () => context.close() };
}

interface Violation {
  readonly id: string;
  readonly help: string;
  readonly nodes: readonly { readonly html: string; readonly failureSummary: string }[];
}

const axePath = createRequire(import.meta.url).resolve('axe-core/axe.min.js');

/** What axe finds on a page, each as one line. */
export async function violations(page: Pick<Frame, 'evaluate'>): Promise<readonly string[]> {
  // Evaluated, which the page's policy has no say in.
  await page.evaluate(await readFile(axePath, 'utf8'));
  const found = await page.evaluate<Violation[]>('axe.run().then(({ violations }) => violations)');
  return found.map(({ id, help, nodes }) =>
    [`${id}: ${help}`, ...nodes.map(({ html, failureSummary }) => `${html} ${failureSummary}`)].join('\n'),
  );
}
