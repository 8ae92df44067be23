import { readConfiguration } from '../config/read-configuration.ts';
import type { AgentClient } from '../dbus/client.ts';
import type { ExitStatus } from '../model/failure.ts';
import { print, printJson, say } from './print.ts';
import { runJob } from './run-job.ts';
import { wrap } from './table.ts';

export interface HostPrefetchOptions {
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly scheduled?: boolean;
}

/** `bound-images prefetch` of a host: its agent brings what the deployments and the next OS image bind, or what another OS image binds. */
export async function hostPrefetch(
  agent: AgentClient,
  osImage: string | undefined,
  { json = false, quiet = false, scheduled = false }: HostPrefetchOptions,
  signal: AbortSignal,
): Promise<ExitStatus> {
  const what = osImage === undefined ? {} : { osImage };
  const request = { operation: 'prefetch', images: [], scope: 'all', scheduled, ...what } as const;
  const { result } = await runJob(agent, request, signal, { quiet });
  const { images: pulled = [] } = result;
  const { images } = await agent.state();
  if (json)
    printJson({ images: images.map(({ reference, state }) => ({ image: reference, state })), pulled });
  else if (!quiet) print([`${pulled.length} pulled, of ${images.length} bound images.`]);
  return images.every(({ state }) => state === 'present') ? 0 : 3;
}

export interface HostVerifyOptions {
  readonly json?: boolean;
  readonly deep?: boolean;
  readonly repair?: boolean;
  readonly boot?: boolean;
}

/** `bound-images verify` of a host; with `boot`, of the booted OS alone, as strictly as the configuration wants it. */
export async function hostVerify(
  agent: AgentClient,
  { json = false, deep = false, repair = false, boot = false }: HostVerifyOptions,
  signal: AbortSignal,
): Promise<ExitStatus> {
  const strictness = boot ? (await readConfiguration('/')).boot.verify : 'fail';
  if (strictness === 'off') return 0;
  const scope = boot ? 'booted' : 'all';
  const request = { operation: 'verify', images: [], scope, deep, repair } as const;
  const { images, result } = await runJob(agent, request, signal, { quiet: boot });
  const { damaged = [] } = result;
  const state = await agent.state();
  const faults = damaged.map((reference) => {
    const image = state.images.find((one) => one.reference === reference);
    return { image: reference, state: image?.state ?? 'unknown', error: image?.lastError ?? null };
  });
  if (json) printJson({ images, faults });
  else {
    const lines = faults.flatMap(({ image, state: kind, error }) => [
      `${image}: ${kind}`,
      ...(error === null ? [] : wrap(error.text)),
    ]);
    print([...lines, `${images.length - faults.length} of ${images.length} bound images present and whole.`]);
  }
  if (faults.length === 0) return 0;
  if (strictness === 'fail') return 3;
  say('bound-images: this boot goes on without them, as boot.verify = "warn" says');
  return 0;
}
