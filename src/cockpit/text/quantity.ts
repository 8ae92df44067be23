const byteUnits = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte'] as const;

/** `4.2 MB`: decimal units, as the command line has them. @param language as Cockpit names it, `pt_BR` */
export function sizeText(bytes: number, language: string): string {
  const step = bytes < 1 ? 0 : Math.floor(Math.log10(bytes) / 3 + 1e-9);
  const index = Math.min(step, byteUnits.length - 1);
  const unit = byteUnits[index] ?? 'byte';
  const format = new Intl.NumberFormat(tagOf(language), {
    style: 'unit',
    unit,
    unitDisplay: unit === 'byte' ? 'long' : 'short',
    maximumFractionDigits: unit === 'byte' ? 0 : 1,
  });
  return format.format(bytes / 1000 ** index);
}

/** `2 min`, in one unit and rounded up: of what is left of a transfer nobody knows more. */
export function durationText(seconds: number, language: string): string {
  const [unit, length] =
    seconds < 60
      ? (['second', 1] as const)
      : seconds < 5400
        ? (['minute', 60] as const)
        : (['hour', 3600] as const);
  const format = new Intl.NumberFormat(tagOf(language), { style: 'unit', unit, unitDisplay: 'short' });
  return format.format(Math.max(1, Math.ceil(seconds / length)));
}

/** @param timeUs microseconds since the epoch */
export function timeText(timeUs: number, language: string): string {
  const format = new Intl.DateTimeFormat(tagOf(language), { dateStyle: 'medium', timeStyle: 'short' });
  return format.format(timeUs / 1000);
}

/** Seconds until all bytes are there; undefined where it cannot be told. */
export function secondsLeft(job: {
  readonly bytesDone: number;
  readonly bytesTotal: number;
  readonly bytesPerSecond: number;
}): number | undefined {
  const { bytesDone, bytesTotal, bytesPerSecond } = job;
  if (bytesTotal === 0 || bytesPerSecond === 0) return undefined;
  return Math.max(0, bytesTotal - bytesDone) / bytesPerSecond;
}

/** A language tag (BCP 47) of a locale's name. */
function tagOf(language: string): string {
  return language.replace('_', '-');
}
