import { describe, expect, it } from 'vitest';
import { parsePolicy } from '../../src/policy/parse-policy.ts';
import { policyFor } from '../../src/policy/policy-for.ts';
import { digestOf, want } from '../support/samples.ts';

const file = '/etc/containers/policy.json';
const scope = (type: string) => [{ type, keyPath: '/key' }];

function typesFor(image: string, scopes: Readonly<Record<string, object[]>>): readonly string[] {
  const policy = parsePolicy(
    JSON.stringify({ default: [{ type: 'reject' }], transports: { docker: scopes, oci: { '': [] } } }),
    file,
  );
  return policyFor(policy, want(image).reference);
}

describe('policyFor', () => {
  const image = 'registry.example.com/team/app:1';

  it.each([
    ['the image itself', { [image]: scope('x'), 'registry.example.com/team/app': scope('y') }],
    [
      'its repository',
      { 'registry.example.com/team/app': scope('x'), 'registry.example.com/team': scope('y') },
    ],
    ['a namespace', { 'registry.example.com/team': scope('x'), 'registry.example.com': scope('y') }],
    ['the registry', { 'registry.example.com': scope('x'), '*.example.com': scope('y') }],
    ['a parent domain', { '*.example.com': scope('x'), '*.com': scope('y') }],
    ['a domain further up', { '*.com': scope('x'), '': scope('y') }],
    ["the transport's default", { '': scope('x') }],
  ])('takes the requirements of %s before those of what is wider', (_, scopes) => {
    expect(typesFor(image, scopes)).toEqual(['x']);
  });

  it('falls back to the default', () => {
    expect(typesFor(image, { 'other.example.com': scope('x') })).toEqual(['reject']);
  });

  it('knows an untagged image as its tag latest', () => {
    expect(typesFor('registry.example.com/app', { 'registry.example.com/app:latest': scope('x') })).toEqual([
      'x',
    ]);
  });

  it('knows a pinned image by its digest, as its tag is not looked at', () => {
    const pinned = `registry.example.com/app:1@${digestOf('a')}`;
    expect(typesFor(pinned, { 'registry.example.com/app:1': scope('x') })).toEqual(['reject']);
    expect(typesFor(pinned, { [`registry.example.com/app@${digestOf('a')}`]: scope('x') })).toEqual(['x']);
  });

  it('does not take a part of a name for a namespace', () => {
    expect(typesFor(image, { 'registry.example.com/te': scope('x') })).toEqual(['reject']);
  });
});

describe('parsePolicy', () => {
  it.each(['', '{', '[]', '{}', '{"default":[{}]}', '{"default":[],"transports":{"docker":{"a":1}}}'])(
    'refuses %j and names the file',
    (text) => {
      expect(() => parsePolicy(text, file)).toThrow(file);
    },
  );
});
