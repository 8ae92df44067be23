/**
 * What D-Bus types are here (D-Bus Specification, "Type System"): y n q i u d are numbers, x t bigints, b a boolean, s o g strings,
 * ay bytes, other arrays and structs lists, dictionaries Maps (a name out of a message is never an object's property). There is no
 * h: file descriptors are neither sent nor taken.
 */
export type Value =
  | number
  | bigint
  | boolean
  | string
  | Uint8Array
  | readonly Value[]
  | ReadonlyMap<string | number | bigint | boolean, Value>
  | Variant;

export interface Variant {
  /** Of one complete type. */
  readonly signature: string;
  readonly value: Value;
}

export type Dictionary = ReadonlyMap<string, Variant>;

export function variant(signature: string, value: Value): Variant {
  return { signature, value };
}
