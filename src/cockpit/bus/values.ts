/** D-Bus values as the bridge has them in JSON. What is of another type than the interface says is as if it were not there. */
export type Properties = Readonly<Record<string, unknown>>;

export function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

export function number(value: unknown, otherwise = 0): number {
  return typeof value === 'number' && Number.isFinite(value) ? value : otherwise;
}

export function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

export function texts(value: unknown): string[] {
  return list(value).map(text);
}

/** A variant's value: the bridge makes `{t, v}` of it. */
export function unwrap(value: unknown): unknown {
  return isRecord(value) && 'v' in value ? value['v'] : value;
}

/** An `a{sv}`. */
export function properties(value: unknown): Properties {
  if (!isRecord(value)) return {};
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, unwrap(one)]));
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
