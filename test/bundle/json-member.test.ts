import fc from 'fast-check';
import { expect, test } from 'vitest';
import { withMember } from '../../src/bundle/json-member.ts';

test.for([
  ['a value is replaced', '{"a":1,"b":[1]}', ['b'], '{"a":1,"b":2}'],
  ['of equal keys the last', '{"a":1,"a":3}', ['a'], '{"a":1,"a":2}'],
  ['a member is added', '{"a":1.50}', ['b'], '{"a":1.50,"b":2}'],
  ['to an empty object', ' { } ', ['b'], ' {"b":2} '],
  ['set off like the others', '{\n  "a": 1\n}\n', ['b'], '{\n  "a": 1,\n  "b": 2\n}\n'],
  ['objects on the way are made', '{"a":null}', ['a', 'b'], '{"a":{"b":2}}'],
  ['more than one', '{"z":1}', ['a', 'b', 'c'], '{"z":1,"a":{"b":{"c":2}}}'],
  ['an element', '[1, {"a":1}, 3]', [1, 'a'], '[1, {"a":2}, 3]'],
  ['keys that look like numbers keep their order', '{"9":1,"1":{}}', ['1', '0'], '{"9":1,"1":{"0":2}}'],
  ['signs in strings are none', String.raw`{"a":"},\"]\\","b":[]}`, ['b'], String.raw`{"a":"},\"]\\","b":2}`],
  ['a key is compared as what it means', String.raw`{"\u0061":1}`, ['a'], String.raw`{"\u0061":2}`],
] as const)('%s', ([, text, path, expected]) => {
  expect(withMember(text, path, '2')).toBe(expected);
});

test('gives what JSON.parse and an assignment give, whatever the document', () => {
  const document = fc.dictionary(fc.string(), fc.jsonValue());
  fc.assert(
    fc.property(document, fc.string(), fc.jsonValue(), fc.nat(4), (object, key, value, spaces) => {
      fc.pre(key !== '__proto__');
      const text = withMember(JSON.stringify(object, undefined, spaces), [key], JSON.stringify(value));
      expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify({ ...object, [key]: value })));
    }),
  );
});
