import { styleText } from 'node:util';
import type { AgentClient } from '../dbus/client.ts';
import type { ExitStatus } from '../model/failure.ts';
import type { JobRecord } from '../model/host-agent.ts';
import { formatBytes } from './bytes.ts';
import { print, printJson } from './print.ts';
import { renderTable, wrap } from './table.ts';

/** `bound-images status --history` of a host: the last jobs that have ended, newest first. */
export async function hostHistory(
  agent: AgentClient,
  { json = false }: { readonly json?: boolean },
): Promise<ExitStatus> {
  const records = await agent.history();
  if (json) printJson({ jobs: records.map(recordJson) });
  else print(renderHistory(records));
  return 0;
}

function renderHistory(records: readonly JobRecord[]): string[] {
  if (records.length === 0) return ['No job has ended yet.'];
  const header = ['ENDED', 'JOB', 'RESULT', 'TOOK', 'FETCHED', 'IMAGES'];
  const [head = '', ...lines] = renderTable([header, ...records.map(recordRow)]);
  return [
    head,
    ...records.flatMap(({ error }, index) => [
      lines[index] ?? '',
      ...(error === undefined ? [] : wrap(error.text)),
    ]),
  ];
}

function recordRow({
  operation,
  result,
  startTimeUs,
  endTimeUs,
  fetchedBytes,
  imagesTotal,
}: JobRecord): string[] {
  const colour = result === 'succeeded' ? 'green' : result === 'failed' ? 'red' : 'yellow';
  return [
    localTime(endTimeUs),
    operation,
    styleText(colour, result, { stream: process.stdout }),
    duration(endTimeUs - startTimeUs),
    fetchedBytes === 0 ? '' : formatBytes(fetchedBytes),
    imagesTotal === 0 ? '' : String(imagesTotal),
  ];
}

/** `2026-11-21 10:02`, where the clock on the wall says so. */
function localTime(timeUs: number): string {
  const time = new Date(timeUs / 1_000);
  const two = (part: number): string => String(part).padStart(2, '0');
  const day = [time.getFullYear(), two(time.getMonth() + 1), two(time.getDate())].join('-');
  return `${day} ${two(time.getHours())}:${two(time.getMinutes())}`;
}

function duration(us: number): string {
  const seconds = Math.max(0, Math.round(us / 1e6));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

function recordJson({ id, error, ...record }: JobRecord): object {
  return { id: Number(id), ...record, error: error ?? null };
}
