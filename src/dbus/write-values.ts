import { type BasicCode, type Type, alignment, parseSignature, parseSingle } from './signature.ts';
import type { Value, Variant } from './value.ts';

interface Sheet {
  bytes: Buffer;
  at: number;
}

/**
 * The little-endian bytes of values, to stand at a multiple of 8 of their message (D-Bus Specification, "Marshaling").
 * @throws TypeError where a value is not of its type: that is a defect of ours
 */
export function writeValues(signature: string, values: readonly Value[]): Buffer {
  const types = parseSignature(signature);
  if (types.length !== values.length) throw new TypeError(`"${signature}" for ${values.length} values`);
  const sheet: Sheet = { bytes: Buffer.alloc(256), at: 0 };
  types.forEach((type, index) => writeValue(sheet, type, values[index] as Value));
  return sheet.bytes.subarray(0, sheet.at);
}

function writeValue(sheet: Sheet, type: Type, value: Value): void {
  switch (type.kind) {
    case 'basic':
      return writeBasic(sheet, type.code, value as string | number | bigint | boolean);
    case 'variant': {
      const { signature, value: inner } = value as Variant;
      writeBasic(sheet, 'g', signature);
      return writeValue(sheet, parseSingle(signature), inner);
    }
    case 'struct': {
      align(sheet, 8);
      const values = value as readonly Value[];
      if (values.length !== type.fields.length) throw new TypeError('a struct of another length');
      return type.fields.forEach((field, index) => writeValue(sheet, field, values[index] as Value));
    }
    case 'bytes':
      return writeArray(sheet, 1, () => {
        const bytes = value as Uint8Array;
        const at = take(sheet, 1, bytes.length);
        sheet.bytes.set(bytes, at);
      });
    case 'array':
      return writeArray(sheet, alignment(type.item), () => {
        for (const item of value as readonly Value[]) writeValue(sheet, type.item, item);
      });
    case 'dictionary':
      return writeArray(sheet, 8, () => {
        for (const [key, item] of value as ReadonlyMap<string | number | bigint | boolean, Value>) {
          align(sheet, 8);
          writeBasic(sheet, type.key, key);
          writeValue(sheet, type.value, item);
        }
      });
  }
}

function writeArray(sheet: Sheet, itemAlignment: number, writeItems: () => void): void {
  const lengthAt = take(sheet, 4, 4);
  align(sheet, itemAlignment);
  const start = sheet.at;
  writeItems();
  sheet.bytes.writeUInt32LE(sheet.at - start, lengthAt);
}

function writeBasic(sheet: Sheet, code: BasicCode, value: string | number | bigint | boolean): void {
  switch (code) {
    case 's':
    case 'o': {
      // Texts come out of files too, and the bus ends the connection of one who sends a NUL in a text.
      const text = (value as string).replaceAll('\0', '\u{fffd}');
      const length = Buffer.byteLength(text);
      const lengthAt = take(sheet, 4, 4);
      sheet.bytes.writeUInt32LE(length, lengthAt);
      // The NUL at its end is there already: sheets are made of zeros.
      const at = take(sheet, 1, length + 1);
      return void sheet.bytes.write(text, at);
    }
    case 'g': {
      const text = value as string;
      const lengthAt = take(sheet, 1, 1);
      sheet.bytes.writeUInt8(text.length, lengthAt);
      const at = take(sheet, 1, text.length + 1);
      return void sheet.bytes.write(text, at);
    }
    case 'y': {
      const at = take(sheet, 1, 1);
      return void sheet.bytes.writeUInt8(value as number, at);
    }
    case 'n': {
      const at = take(sheet, 2, 2);
      return void sheet.bytes.writeInt16LE(value as number, at);
    }
    case 'q': {
      const at = take(sheet, 2, 2);
      return void sheet.bytes.writeUInt16LE(value as number, at);
    }
    case 'i': {
      const at = take(sheet, 4, 4);
      return void sheet.bytes.writeInt32LE(value as number, at);
    }
    case 'b':
    case 'u': {
      const at = take(sheet, 4, 4);
      return void sheet.bytes.writeUInt32LE(Number(value), at);
    }
    case 'x': {
      const at = take(sheet, 8, 8);
      return void sheet.bytes.writeBigInt64LE(value as bigint, at);
    }
    case 't': {
      const at = take(sheet, 8, 8);
      return void sheet.bytes.writeBigUInt64LE(value as bigint, at);
    }
    case 'd': {
      const at = take(sheet, 8, 8);
      return void sheet.bytes.writeDoubleLE(value as number, at);
    }
  }
}

/** Where the next so many bytes are; the sheet's bytes may be others after it. */
function take(sheet: Sheet, boundary: number, length: number): number {
  align(sheet, boundary);
  const start = sheet.at;
  sheet.at += length;
  if (sheet.at > sheet.bytes.length) {
    const larger = Buffer.alloc(Math.max(sheet.at, sheet.bytes.length * 2));
    sheet.bytes.copy(larger);
    sheet.bytes = larger;
  }
  return start;
}

function align(sheet: Sheet, boundary: number): void {
  const rest = sheet.at % boundary;
  if (rest !== 0) take(sheet, 1, boundary - rest);
}
