const unitsMs: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  min: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};
const part = String.raw`(\d{1,9}(?:\.\d{1,3})?) ?(ms|s|min|h|d)`;
const wholePattern = new RegExp(`^${part}(?: ?${part})*$`);
const mostMs = 366 * 86_400_000;

/** Milliseconds that `"90s"` or `"1h 30min"` means, a year at most; undefined where that is not said. A number alone has no unit. */
export function parseDuration(value: unknown): number | undefined {
  if (typeof value !== 'string' || value.length > 100 || !wholePattern.test(value)) return undefined;
  const parts = value.matchAll(new RegExp(part, 'g'));
  const sumMs = [...parts].reduce(
    (sum, [, number, unit = '']) => sum + Number(number) * (unitsMs[unit] ?? 0),
    0,
  );
  return sumMs <= mostMs ? Math.round(sumMs) : undefined;
}
