import type { AgentClient } from '../dbus/client.ts';
import { Failure } from '../model/failure.ts';
import type { Job, JobRequest } from '../model/host-agent.ts';
import { openBar } from './bar.ts';
import { say } from './print.ts';

/**
 * Has the agent do something and shows how it goes on stderr. The signal cancels the job and waits for its end.
 * @returns the job as it ended, which was well
 * @throws Failure of the job, `Cancelled`, `NotAllowed`
 */
export async function runJob(
  agent: AgentClient,
  request: JobRequest,
  signal: AbortSignal,
  { quiet = false }: { readonly quiet?: boolean | undefined } = {},
): Promise<Job> {
  const id = await agent.start(request);
  const cancel = (): void => {
    // It may have ended meanwhile, and then its end is what is told.
    agent.cancel(id).catch(() => undefined);
  };
  signal.addEventListener('abort', cancel, { once: true });
  if (signal.aborted) cancel();
  using shown = quiet ? undefined : showJob(process.stderr);
  try {
    const job = await agent.followJob(id, (change) => shown?.update(change));
    return ended(job);
  } finally {
    signal.removeEventListener('abort', cancel);
  }
}

function ended(job: Job): Job {
  if (job.state === 'cancelled') throw new Failure('Cancelled', 'cancelled');
  if (job.error !== undefined) throw new Failure(job.error.code, job.error.text);
  return job;
}

/** A line for each image that is begun and, on a terminal, one bar for all of them. */
function showJob(stream: NodeJS.WriteStream): { readonly update: (job: Job) => void } & Disposable {
  const bar = stream.isTTY ? openBar(stream) : undefined;
  let image = '';
  return {
    update({ currentImage, state, bytesTotal, bytesDone, operation }) {
      if (currentImage !== '' && currentImage !== image) {
        image = currentImage;
        bar?.clear();
        say(`${image}: ${operation === 'verify' ? 'verifying' : 'pulling'}`);
      }
      if (state === 'queued') return;
      bar?.setTotal(bytesTotal);
      bar?.setDone(bytesDone);
    },
    [Symbol.dispose]: () => bar?.clear(),
  };
}
