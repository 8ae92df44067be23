import { Failure } from '../model/failure.ts';

export type BasicCode = 'y' | 'b' | 'n' | 'q' | 'i' | 'u' | 'x' | 't' | 'd' | 's' | 'o' | 'g';

export type Type =
  | { readonly kind: 'basic'; readonly code: BasicCode }
  | { readonly kind: 'variant' }
  | { readonly kind: 'bytes' }
  | { readonly kind: 'array'; readonly item: Type }
  | { readonly kind: 'dictionary'; readonly key: BasicCode; readonly value: Type }
  | { readonly kind: 'struct'; readonly fields: readonly Type[] };

const lengthMax = 255;
const arraysMax = 32;
const structsMax = 32;

/**
 * The complete types of a signature (D-Bus Specification, "Valid Signatures").
 * @throws Failure `BadContent`; for `h` too, which nothing here takes
 */
export function parseSignature(text: string): readonly Type[] {
  if (text.length > lengthMax) throw new Failure('BadContent', 'a signature is longer than 255 bytes');
  const types: Type[] = [];
  let at = 0;
  while (at < text.length) {
    const { type, next } = parseType(text, at, 0, 0);
    types.push(type);
    at = next;
  }
  return types;
}

/** The one complete type that a variant's signature has to be. @throws Failure `BadContent` */
export function parseSingle(text: string): Type {
  const [type, ...more] = parseSignature(text);
  if (type === undefined || more.length > 0)
    throw new Failure('BadContent', `"${text}" is not one complete type`);
  return type;
}

/** Bytes that a value of the type begins at a multiple of. */
export function alignment(type: Type): number {
  switch (type.kind) {
    case 'struct':
      return 8;
    case 'variant':
      return 1;
    case 'array':
    case 'bytes':
    case 'dictionary':
      return 4;
    case 'basic':
      return basicAlignment(type.code);
  }
}

function basicAlignment(code: BasicCode): number {
  switch (code) {
    case 'y':
    case 'g':
      return 1;
    case 'n':
    case 'q':
      return 2;
    case 'x':
    case 't':
    case 'd':
      return 8;
    case 'b':
    case 'i':
    case 'u':
    case 's':
    case 'o':
      return 4;
  }
}

interface Parsed {
  readonly type: Type;
  readonly next: number;
}

function parseType(text: string, at: number, arrays: number, structs: number): Parsed {
  const code = text[at] ?? '';
  if (code === 'v') return { type: { kind: 'variant' }, next: at + 1 };
  if (isBasic(code)) return { type: { kind: 'basic', code }, next: at + 1 };
  if (code === '(') return parseStruct(text, at, arrays, structs);
  if (code === 'a') return parseArray(text, at, arrays, structs);
  throw new Failure('BadContent', `"${text}" is no signature that is taken here`);
}

function parseArray(text: string, at: number, arrays: number, structs: number): Parsed {
  if (arrays === arraysMax) throw new Failure('BadContent', 'a signature nests too deep');
  if (text[at + 1] === 'y') return { type: { kind: 'bytes' }, next: at + 2 };
  if (text[at + 1] !== '{') {
    const { type: item, next } = parseType(text, at + 1, arrays + 1, structs);
    return { type: { kind: 'array', item }, next };
  }
  if (structs === structsMax) throw new Failure('BadContent', 'a signature nests too deep');
  const key = text[at + 2] ?? '';
  if (!isBasic(key)) throw new Failure('BadContent', `"${text}" has a dictionary without a simple key`);
  const { type: value, next } = parseType(text, at + 3, arrays + 1, structs + 1);
  if (text[next] !== '}') throw new Failure('BadContent', `"${text}" has a dictionary that does not end`);
  return { type: { kind: 'dictionary', key, value }, next: next + 1 };
}

function parseStruct(text: string, start: number, arrays: number, structs: number): Parsed {
  if (structs === structsMax) throw new Failure('BadContent', 'a signature nests too deep');
  const fields: Type[] = [];
  let at = start + 1;
  while (text[at] !== ')') {
    const { type, next } = parseType(text, at, arrays, structs + 1);
    fields.push(type);
    at = next;
  }
  if (fields.length === 0) throw new Failure('BadContent', `"${text}" has a struct of nothing`);
  return { type: { kind: 'struct', fields }, next: at + 1 };
}

function isBasic(code: string): code is BasicCode {
  return code !== '' && 'ybnqiuxtdsog'.includes(code);
}
