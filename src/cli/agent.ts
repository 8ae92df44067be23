import { setFlagsFromString } from 'node:v8';
import type { Configuration } from '../config/configuration.ts';
import { asFailure, type ExitStatus } from '../model/failure.ts';
import { version } from '../prefetch/version.ts';
import { type OpenedAgent, openAgent } from '../agent/open-agent.ts';
import { serve } from '../dbus/serve.ts';
import { openLog } from './log.ts';

/** `bound-images agent`: serves org.boundimages1 until nobody wants it any more. For bound-images.service alone. */
export async function serveAgent(signal: AbortSignal): Promise<ExitStatus> {
  let level: Configuration['log']['level'] = 'info';
  const log = openLog(() => level);
  const report = (error: unknown): void => {
    if (!signal.aborted) log('error', asFailure(error).message);
  };
  await using work = new AsyncDisposableStack();
  const begin = async ({ agent, host, tellChanges }: OpenedAgent): Promise<void> => {
    // Downloads go through buffers outside the heap, which only collections free: a young generation that grows holds them back
    // (measured, 1 GB: 175 to 197 MB resident, and 135 to 149 MB so).
    setFlagsFromString('--semi-space-growth-factor=1');
    // Each look at the host leaves the one before as garbage, which would be left lying until the heap had grown by much (measured,
    // 100 images fetched: 201 MB resident, and 136 MB so).
    setFlagsFromString('--heap-growing-percent=20');
    tellChanges();
    const [{ guardHost }, { watchHost }] = await Promise.all([
      import('../agent/guard-host.ts'),
      import('../agent/watch-host.ts'),
    ]);
    // Where none can begin, what there is can be looked at all the same.
    await agent.prepare().catch(report);
    if (signal.aborted) return;
    const guard = work.use(guardHost(agent, host, signal));
    const refresh = (): void => void agent.refresh().catch(report);
    const onContainers = (): void => {
      guard.onContainers();
      refresh();
    };
    work.use(watchHost(host.store.path, { onChange: refresh, onContainers }));
    refresh();
  };
  const opening = openAgent(signal, log).then((opened) => {
    ({ level } = opened.host.configuration.log);
    return opened;
  });
  await serve(
    opening.then(({ agent }) => agent),
    {
      version,
      features: [],
      signal,
      onServing: () => void opening.then(begin),
      onDefect: ({ message, cause }) => log('error', message, cause instanceof Error ? { err: cause } : {}),
    },
  );
  const { agent, host } = await opening;
  const [{ turnAfterLeavingUs }, { scheduleTurn }] = await Promise.all([
    import('../agent/guard-host.ts'),
    import('../agent/schedule-turn.ts'),
  ]);
  await scheduleTurn(turnAfterLeavingUs(agent, host));
  return 0;
}
