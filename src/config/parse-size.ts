const factors: Readonly<Record<string, number>> = {
  B: 1,
  kB: 1e3,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
  TiB: 2 ** 40,
};

/** Bytes that `"1.5GB"` or `20000` means; undefined where that is not said. "10M" is neither decimal nor binary, so it is none. */
export function parseSize(value: unknown): number | undefined {
  if (typeof value === 'number') return whole(value);
  if (typeof value !== 'string') return undefined;
  const [, number = '', unit = ''] = /^(\d{1,15}(?:\.\d{1,9})?) ?([A-Za-z]{1,3})$/.exec(value) ?? [];
  const factor = Object.hasOwn(factors, unit) ? factors[unit] : undefined;
  return factor === undefined ? undefined : whole(Math.round(Number(number) * factor));
}

function whole(value: number): number | undefined {
  return Number.isSafeInteger(value) && value >= 0 ? value : undefined;
}
