import { setFlagsFromString } from 'node:v8';
import type { Configuration } from '../config/configuration.ts';
import { asFailure, type ExitStatus } from '../model/failure.ts';
import { version } from '../prefetch/version.ts';
import { openAgent } from '../agent/open-agent.ts';
import { serve } from '../dbus/serve.ts';
import { openLog } from './log.ts';

/** `bound-images agent`: serves org.boundimages1 until nobody wants it any more. For bound-images.service alone. */
export async function agent(signal: AbortSignal): Promise<ExitStatus> {
  // Downloads go through buffers outside the heap, which only collections free: a young generation that grows holds them back
  // (measured, 1 GB: 175 to 197 MB resident, and 135 to 149 MB so).
  setFlagsFromString('--semi-space-growth-factor=1');
  let level: Configuration['log']['level'] = 'info';
  const log = openLog(() => level);
  const opened = await openAgent(signal, log);
  level = opened.host.configuration.log.level;
  const refresh = (): void => {
    opened.agent.refresh().catch((error: unknown) => {
      if (!signal.aborted) log('error', asFailure(error).message);
    });
  };
  await using work = new AsyncDisposableStack();
  const begin = async (): Promise<void> => {
    opened.tellChanges();
    const [{ guardHost }, { watchHost }] = await Promise.all([
      import('../agent/guard-host.ts'),
      import('../agent/watch-host.ts'),
    ]);
    if (signal.aborted) return;
    const guard = work.use(guardHost(opened.agent, opened.host, signal));
    work.use(watchHost(opened.host.store.path, { onChange: refresh, onContainers: guard.onContainers }));
    refresh();
  };
  await serve(opened.agent, {
    version,
    features: [],
    signal,
    onServing: () => void begin(),
    onDefect: ({ message, cause }) => log('error', message, cause instanceof Error ? { err: cause } : {}),
  });
  const [{ turnAfterLeavingUs }, { scheduleTurn }] = await Promise.all([
    import('../agent/guard-host.ts'),
    import('../agent/schedule-turn.ts'),
  ]);
  await scheduleTurn(turnAfterLeavingUs(opened.agent, opened.host));
  return 0;
}
