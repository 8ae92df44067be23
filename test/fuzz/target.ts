import * as fc from 'fast-check';
import { Failure } from '../../src/model/failure.ts';

/** A piece of code that takes what comes from outside, and must end, throwing nothing but Failures that say why. */
export interface FuzzTarget {
  /** As its source folder and what it reads: `contents/tar`. */
  readonly name: string;
  /** The same property for the short run and the long one; it throws where it does not hold. */
  readonly property: fc.IRawProperty<unknown>;
}

/** A target of bytes: those given, damaged in every way, and bytes of no kind. */
export function bytesTarget(
  name: string,
  samples: readonly Buffer[],
  read: (bytes: Buffer) => Promise<unknown>,
): FuzzTarget {
  const property = fc.asyncProperty(damaged(samples), (bytes) => onlyFailures(() => read(bytes)));
  return { name, property };
}

/** Fails on anything thrown that is no Failure, or one that blames our own code. */
export async function onlyFailures(work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof Failure) || error.code === 'Internal') throw error;
  }
}

function damaged(samples: readonly Buffer[]): fc.Arbitrary<Buffer> {
  const edit = fc.record({
    at: fc.nat(),
    removes: fc.nat({ max: 600 }),
    puts: fc.oneof(fc.uint8Array({ maxLength: 40 }), fc.constantFrom(...pieces), blockOf(samples)),
  });
  const edited = fc
    .tuple(fc.constantFrom(...samples), fc.array(edit, { maxLength: 4 }), fc.nat({ max: 8 }))
    .map(([sample, edits, cut]) => {
      let bytes = sample;
      for (const { at, removes, puts } of edits) {
        const from = at % (bytes.length + 1);
        bytes = Buffer.concat([bytes.subarray(0, from), puts, bytes.subarray(from + removes)]);
      }
      return cut === 0 ? bytes.subarray(0, bytes.length >> 1) : bytes;
    });
  const whole = fc.uint8Array({ maxLength: 2_000 }).map((bytes) => Buffer.from(bytes));
  return fc.oneof({ weight: 9, arbitrary: edited }, { weight: 1, arbitrary: whole });
}

/** What parsers trip over. */
const pieces = ['\0', '\xff', '../', '-1', '99999999999999999999', '{', '"', '\n', '7777777777777'].map(
  (text) => Buffer.from(text, 'latin1'),
);

/** 512 bytes of a sample, at a block's beginning: whole tar headers in other places. */
function blockOf(samples: readonly Buffer[]): fc.Arbitrary<Uint8Array> {
  return fc.tuple(fc.constantFrom(...samples), fc.nat()).map(([sample, at]) => {
    const from = (at % (Math.floor(sample.length / 512) + 1)) * 512;
    return sample.subarray(from, from + 512);
  });
}
