// `npm run bench [NAME...]`: measures inside a booted host, and prints one JSON document; all else goes to stderr. Ratios of
// medians, taken in turn on the same machine: what they are of, and what they must not exceed, stands with each.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { bootHost, type Host } from '../host/boot.ts';
import { removeLeftovers } from '../host/disk.ts';
import { builtRoot } from '../host/root.ts';
import type { BenchResult } from './result.ts';

const project = join(import.meta.dirname, '..', '..');
/** By name, what stands before the command: a prefetch of what is there has to do without any network. */
const benches: Readonly<Record<string, readonly string[]>> = {
  'prefetch-shared': [],
  'prefetch-slow-link': [],
  'bytes-over-unique': [],
  'refetched-after-kill': [],
  'rss-100': [],
  'noop-8': ['unshare', '--net'],
  'noop-1000': ['unshare', '--net'],
  'bound-set-stamped': [],
  'bound-set-chunked': [],
  'bound-set-gzip': [],
  activation: [],
};

// What runs is stopped by them, and then the host and its disk are removed as at any other end.
const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort());

try {
  const results = await measureAll(process.argv.slice(2));
  process.stdout.write(`${JSON.stringify({ schema: 1, results }, null, 2)}\n`);
} catch (error) {
  console.error(stop.signal.aborted ? 'stopped' : (error as Error).message);
  process.exitCode = 1;
} finally {
  await removeLeftovers();
}

async function measureAll(given: readonly string[]): Promise<BenchResult[]> {
  const unknown = given.filter((name) => !Object.hasOwn(benches, name));
  const known = Object.keys(benches);
  if (unknown.length > 0) throw new Error(`no bench ${unknown.join(', ')}: there are ${known.join(', ')}`);
  await builtRoot(stop.signal);
  const binds = { [project]: project, '/usr/local/bin/node': process.execPath };
  await using host = await bootHost({ name: 'bench', binds });
  const results: BenchResult[] = [];
  for (const name of given.length > 0 ? given : known) results.push(await measure(host, name));
  return results;
}

async function measure(host: Host, name: string): Promise<BenchResult> {
  console.error(`measuring ${name}`);
  const inside = [...(benches[name] ?? []), 'node', join(project, 'test', 'bench', 'inside.ts'), name];
  const [program, ...argv] = host.command(inside, { workingFolder: project });
  const child = spawn(program, argv, { stdio: ['ignore', 'pipe', 'inherit'], signal: stop.signal });
  const [said, [status]] = await Promise.all([text(child.stdout), once(child, 'exit')]);
  if (status !== 0) throw new Error(`${name} was not measured`);
  return JSON.parse(said) as BenchResult;
}
