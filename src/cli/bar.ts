import type { WriteStream } from 'node:tty';
import { formatBytes } from './bytes.ts';
import { lineWidth } from './table.ts';

/** One line at the bottom of a terminal. Whoever writes a line of its own clears the bar before and draws it after. */
export interface Bar {
  readonly clear: () => void;
  readonly draw: () => void;
  /** Bytes; nothing is drawn while they are 0. */
  readonly setTotal: (bytes: number) => void;
  readonly setDone: (bytes: number) => void;
  /** Bytes a second, and how long the rest takes so. */
  readonly setRate: (bytesPerSecond: number, remainingMs: number | undefined) => void;
}

export function openBar(stream: WriteStream): Bar {
  let total = 0;
  let done = 0;
  let rate = '';
  const clear = (): void => {
    stream.cursorTo(0);
    stream.clearLine(0);
  };
  const draw = (): void => {
    if (total === 0) return;
    const share = Math.min(1, done / total);
    const label = ` ${Math.floor(share * 100)} %  ${formatBytes(Math.min(done, total))} of ${formatBytes(total)}${rate}`;
    const cells = Math.max(10, Math.min(stream.columns || lineWidth, lineWidth) - label.length - 3);
    const full = Math.round(share * cells);
    clear();
    stream.write(`[${'#'.repeat(full)}${'.'.repeat(cells - full)}]${label}`);
  };
  return {
    clear,
    draw,
    setTotal: (bytes: number): void => {
      total = bytes;
      draw();
    },
    setDone: (bytes: number): void => {
      done = bytes;
      draw();
    },
    setRate: (bytesPerSecond, remainingMs): void => {
      const left = remainingMs === undefined ? '' : `, ${formatDuration(remainingMs)} left`;
      rate = bytesPerSecond === 0 ? '' : `, ${formatBytes(bytesPerSecond)}/s${left}`;
    },
  };
}

/** `5 s`, `12 min`, `3 h`. */
function formatDuration(durationMs: number): string {
  const seconds = Math.ceil(durationMs / 1_000);
  if (seconds < 120) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 120 ? `${minutes} min` : `${Math.round(minutes / 60)} h`;
}
