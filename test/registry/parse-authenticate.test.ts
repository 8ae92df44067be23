import { expect, test } from 'vitest';
import { parseAuthenticate } from '../../src/registry/parse-authenticate.ts';

const cases: [string, [string, Record<string, string>][]][] = [
  ['', []],
  ['Basic', [['basic', {}]]],
  ['Basic realm="a b"', [['basic', { realm: 'a b' }]]],
  ['bearer Realm=x,service="y"', [['bearer', { realm: 'x', service: 'y' }]]],
  ['Bearer realm="a, Basic realm=\\"b\\""', [['bearer', { realm: 'a, Basic realm="b"' }]]],
  ['Bearer realm = "a" , scope="r:p:pull,push"', [['bearer', { realm: 'a', scope: 'r:p:pull,push' }]]],
  [
    'Negotiate YWJj==, Basic realm="x", Bearer realm="y",service="z"',
    [
      ['negotiate', {}],
      ['basic', { realm: 'x' }],
      ['bearer', { realm: 'y', service: 'z' }],
    ],
  ],
  [
    'Negotiate, Basic realm=x',
    [
      ['negotiate', {}],
      ['basic', { realm: 'x' }],
    ],
  ],
  [', ,Basic realm=x,,charset="UTF-8"', [['basic', { realm: 'x', charset: 'UTF-8' }]]],
  ['Bearer realm="a", realm="b"', [['bearer', { realm: 'a' }]]],
  ['Bearer realm="never closed', [['bearer', {}]]],
  ['"quoted"', []],
];

test.each(cases)('%s', (header, expected) => {
  const found = parseAuthenticate(header).map(({ scheme, parameters }) => [
    scheme,
    Object.fromEntries(parameters),
  ]);
  expect(found).toEqual(expected);
});
