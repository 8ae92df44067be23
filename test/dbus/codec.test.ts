import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createFrames } from '../../src/dbus/frames.ts';
import { type Outgoing, readBody, readMessage, writeMessage } from '../../src/dbus/message.ts';
import { readValues } from '../../src/dbus/read-values.ts';
import { parseSignature } from '../../src/dbus/signature.ts';
import { type Value, variant } from '../../src/dbus/value.ts';
import { writeValues } from '../../src/dbus/write-values.ts';

const samples: [string, Value[]][] = [
  ['', []],
  ['ybnqiuxtd', [255, true, -2, 65_535, -3, 4_294_967_295, -5n, 2n ** 64n - 1n, 0.25]],
  ['sog', ['größe', '/a/b_1', 'a{sv}']],
  ['ay', [Uint8Array.of(1, 2, 3)]],
  ['as', [[]]],
  ['a(ssxx)', [[['a', 'b', 1n, -1n]]]],
  ['a{sv}', [new Map([['__proto__', variant('(sa{tb})', ['x', new Map([[7n, false]])])]])]],
  ['yv', [1, variant('v', variant('v', variant('t', 9n)))]],
  ['aad', [[[], [1, 2], []]]],
];

test.each(samples)('%s is read as it was written', (signature, values) => {
  expect(readValues(signature, writeValues(signature, values), true)).toEqual(values);
});

test('bytes of the specification: alignment, lengths without padding, both byte orders', () => {
  // A struct begins at 8; the array's length counts from there.
  expect(writeValues('ya(yq)', [7, [[1, 0x0203]]]).toString('hex')).toBe('070000000400000001000302');
  expect(readValues('ya(yq)', Buffer.from('070000000000000401000203', 'hex'), false)).toEqual([
    7,
    [[1, 0x0203]],
  ]);
  expect(writeValues('at', [[]]).toString('hex')).toBe('0000000000000000');
});

test.each([
  ['padding that is not zero', 'yu', '0100010002000000'],
  ['a boolean of 2', 'b', '02000000'],
  ['a text without NUL', 's', '010000006161'],
  ['a NUL in a text', 's', '02000000610000'],
  ['a text that is not UTF-8', 's', '010000008000'],
  ['a surrogate', 's', '03000000eda08000'],
  ['a path that is none', 'o', '030000002f612f00'],
  ['an array longer than all', 'as', 'ffffffff'],
  ['an array that ends within an item', 'au', '05000000010000000200000000'],
  ['a variant of two types', 'v', '027979000101'],
  ['a variant of none', 'v', '0000'],
  ['a descriptor in a variant', 'v', '0168000000000000'],
  ['less than the signature says', 'su', '0000000000'],
  ['more than it says', 'y', '0101'],
])('%s is refused', (_, signature, hex) => {
  expect(() => readValues(signature, Buffer.from(hex, 'hex'), true)).toThrow(
    expect.objectContaining({ code: 'BadContent' }),
  );
});

test('variants within variants end at the depth of the specification', () => {
  const nested = (depth: number): Value => (depth === 0 ? variant('y', 1) : variant('v', nested(depth - 1)));
  expect(() => readValues('v', writeValues('v', [nested(60)]), true)).not.toThrow();
  expect(() => readValues('v', writeValues('v', [nested(65)]), true)).toThrow('too deep');
});

test.each([
  'h',
  'a',
  '(',
  ')',
  '()',
  'a{vs}',
  'a{s',
  'a{sss}',
  '{ss}',
  'z',
  'a'.repeat(33) + 'y',
  '('.repeat(33),
  's'.repeat(256),
])('the signature %s is refused', (text) =>
  expect(() => parseSignature(text)).toThrow(expect.objectContaining({ code: 'BadContent' })),
);

test('whatever bytes and signature: values, or one kind of failure', () => {
  const signature = fc.constantFrom('a{sv}', 'v', 'a(sv)', 'sa{sv}', 'aaaas', 'a{oa{sa{sv}}}', 'sssv', 'aab');
  fc.assert(
    fc.property(signature, fc.uint8Array({ maxLength: 200 }), fc.boolean(), (signature, bytes, little) => {
      try {
        readValues(signature, Buffer.from(bytes), little);
      } catch (error) {
        expect(error).toMatchObject({ code: 'BadContent' });
      }
    }),
    { numRuns: 3_000 },
  );
});

test('a byte changed in a good message: a message, or one kind of failure', () => {
  const good = writeMessage(call, 7);
  fc.assert(
    fc.property(fc.nat(good.length - 1), fc.nat(255), (at, byte) => {
      const bytes = Buffer.from(good);
      bytes[at] = byte;
      try {
        for (const frame of createFrames(1_000).push(bytes))
          if (!frame.tooLarge) readBody(readMessage(frame.bytes));
      } catch (error) {
        expect(error).toMatchObject({ code: 'BadContent' });
      }
    }),
    { numRuns: 3_000 },
  );
});

const call: Outgoing = {
  kind: 'call',
  destination: 'org.boundimages1',
  path: '/org/boundimages1',
  interface: 'org.boundimages1.Manager',
  member: 'Prefetch',
  interactive: true,
  signature: 'asa{sv}',
  body: [['quay.io/ex/app:1'], new Map([['scope', variant('s', 'booted')]])],
};

test('a header may name types that are not taken here: its body alone is refused', () => {
  const bytes = writeMessage({ ...call, signature: 'h', body: Buffer.alloc(4) }, 1);
  const message = readMessage(bytes);
  expect(message.signature).toBe('h');
  expect(() => readBody(message)).toThrow(expect.objectContaining({ code: 'BadContent' }));
});

test('a message is read as it was written, however the stream is cut', () => {
  const bytes = Buffer.concat([
    writeMessage(call, 1),
    writeMessage({ kind: 'return', replySerial: 9 }, 2),
    writeMessage(call, 3),
  ]);
  fc.assert(
    fc.property(fc.array(fc.nat(bytes.length)), (cuts) => {
      const edges = [0, ...cuts.toSorted((a, b) => a - b), bytes.length];
      const { push } = createFrames(1_000);
      const frames = edges.slice(1).flatMap((edge, index) => push(bytes.subarray(edges[index], edge)));
      const [first, second, third] = frames.map((frame) => readMessage(frame.bytes));
      expect(first).toMatchObject({
        kind: 'call',
        serial: 1,
        member: 'Prefetch',
        interactive: true,
        noReply: false,
      });
      expect(second).toMatchObject({ kind: 'return', serial: 2, replySerial: 9, signature: '' });
      expect(third && readBody(third)).toEqual(call.body);
    }),
  );
});

test('of a message beyond the limit the header alone is kept, of a header beyond it nothing, and what follows is read', () => {
  const large = writeMessage({ ...call, signature: 's', body: ['x'.repeat(100_000)] }, 1);
  const longPath = writeMessage({ ...call, path: `/${'x'.repeat(100_000)}` }, 2);
  const { push } = createFrames(1_000);
  const bytes = Buffer.concat([large, longPath, writeMessage(call, 3)]);
  const frames = [];
  let held = 0;
  for (let at = 0; at < bytes.length; at += 4_096) frames.push(...push(bytes.subarray(at, at + 4_096)));
  for (const { bytes } of frames) held += bytes.length;
  expect(frames.map(({ bytes, tooLarge }) => [readMessage(bytes).serial, tooLarge])).toEqual([
    [1, true],
    [3, false],
  ]);
  expect(held).toBeLessThan(1_000);
});
