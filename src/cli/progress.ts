import type { PrefetchEvent } from '../prefetch/prefetch.ts';
import type { Failure } from '../model/failure.ts';
import { openBar } from './bar.ts';
import { formatBytes } from './bytes.ts';

export interface Progress extends Disposable {
  readonly onEvent: (event: PrefetchEvent) => void;
  readonly close: () => void;
}

/** Shows a prefetch as it goes: lines of what happened, and below them, on a terminal, one bar for all of it. */
export function openProgress(stream: NodeJS.WriteStream): Progress {
  const bar = stream.isTTY ? openBar(stream) : undefined;
  const write = (line: string): void => {
    bar?.clear();
    stream.write(`${line}\n`);
    bar?.draw();
  };
  /** Of what skopeo fetches by itself. */
  const doneBytes = new Map<string, number>();
  let isMirrored = false;
  const close = (): void => bar?.clear();
  const onEvent = (event: PrefetchEvent): void => {
    switch (event.kind) {
      case 'planned': {
        const { pulls, cost } = event.plan;
        if (pulls.length > 0) write(`To pull: ${pulls.length}, ${formatBytes(cost.bytesToFetch)}`);
        bar?.setTotal(cost.bytesToFetch);
        return;
      }
      case 'started':
        return write(`${event.pull.want.image}: pulling (${event.pull.reason})`);
      case 'progress':
        isMirrored = true;
        bar?.setTotal(event.totalBytes);
        bar?.setRate(event.bytesPerSecond, event.remainingMs);
        bar?.setDone(event.doneBytes);
        return;
      case 'bytes':
        doneBytes.set(event.pull.want.image, Math.min(event.bytesDone, event.pull.bytesToFetch));
        break;
      case 'pulled':
        doneBytes.set(event.pull.want.image, event.pull.bytesToFetch);
        write(`${event.pull.want.image}: present`);
        break;
      case 'failed':
        write(failureLine(event.pull.want.image, event.failure));
        break;
      case 'unresolved':
        return write(failureLine(event.want.image, event.failure));
    }
    if (!isMirrored) bar?.setDone([...doneBytes.values()].reduce((total, bytes) => total + bytes, 0));
  };
  return { onEvent, close, [Symbol.dispose]: close };
}

/** Some messages begin with the image already. */
function failureLine(image: string, { message }: Failure): string {
  return message.startsWith(image) ? message : `${image}: ${message}`;
}
