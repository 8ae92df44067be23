import { expect, test } from 'vitest';
import { readPullOptions, type ReadPullOptions } from '../../src/definitions/pull-options.ts';
import { parseUnit } from '../../src/definitions/unit-file.ts';

function read(text: string, type: 'image' | 'container' = 'image'): ReadPullOptions {
  const parsed = parseUnit(text, '/x');
  if (parsed.kind === 'refused') throw new Error(parsed.reason);
  return readPullOptions(parsed.unit, type);
}

test('every key of [Image] reaches the options', () => {
  const { pull, problems } = read(`[Image]
Image=a
AuthFile=/etc/auth.json
CertDir=certs
Creds=user:pa%%ss word
DecryptionKey=/key:phrase
TLSVerify=no
Arch=arm64
OS=linux
Variant=v8
Policy=IfNotPresent
Retry=5
RetryDelay=1m30s
ServiceName=x
GlobalArgs=--storage-opt=additionalimagestore=/usr/lib/bootc/storage
GlobalArgs=--storage-opt additionalimagestore=/other
`);
  expect(problems).toEqual([]);
  expect(pull).toEqual({
    authFile: '/etc/auth.json',
    certDir: '/certs',
    creds: 'user:pa%ss word',
    decryptionKey: '/key:phrase',
    tlsVerify: false,
    arch: 'arm64',
    os: 'linux',
    variant: 'v8',
    policy: 'missing',
    retry: 5,
    retryDelayMs: 90_000,
  });
});

test.each([
  ['--arch arm64 --os=linux --variant "v8"', { arch: 'arm64', os: 'linux', variant: 'v8' }],
  ['--platform linux/arm/v7', { os: 'linux', arch: 'arm', variant: 'v7' }],
  ['--platform=linux/amd64', { os: 'linux', arch: 'amd64' }],
  ['--authfile a --cert-dir=/c --creds=u:p=q', { authFile: '/a', certDir: '/c', creds: 'u:p=q' }],
  ['--decryption-key k', { decryptionKey: 'k' }],
  ['--tls-verify', { tlsVerify: true }],
  ['--tls-verify=f', { tlsVerify: false }],
  ['--retry 0 --retry-delay 1.5s --policy newer', { retry: 0, retryDelayMs: 1500, policy: 'newer' }],
  ['--retry-delay=0', { retryDelayMs: 0 }],
  ['--retry-delay=250ms', { retryDelayMs: 250 }],
  ['-q --quiet=false --disable-content-trust', {}],
  ['--arch a --arch b', { arch: 'b' }],
])('PodmanArgs=%s', (text, pull) => {
  expect(read(`[Image]\nPodmanArgs=${text}\n`)).toEqual({ pull, problems: [] });
});

test('PodmanArgs= wins over keys, an empty one takes back', () => {
  expect(read('[Image]\nArch=a\nPodmanArgs=--arch=b\n').pull).toEqual({ arch: 'b' });
  expect(read('[Image]\nArch=a\nPodmanArgs=--arch=b\nPodmanArgs=\n').pull).toEqual({ arch: 'a' });
  expect(read('[Image]\nTLSVerify=\n').pull).toEqual({ tlsVerify: false });
  expect(read('[Image]\nArch=a\nArch=\n').pull).toEqual({});
});

test('a container has the flags of its own podman run', () => {
  const text = `[Container]
Arch=no
Retry=2
RetryDelay=3s
PodmanArgs=--memory 1g --arch=arm64 --label=--os=x --tls-verify=false word
`;
  const expected = { retry: 2, retryDelayMs: 3000, arch: 'arm64', tlsVerify: false };
  expect(read(text, 'container')).toEqual({ pull: expected, problems: [] });
});

test.each([
  ['AllTags=true', 'all-tags', 2],
  ['PodmanArgs=--all-tags', 'all-tags', 2],
  ['PodmanArgs=-a', 'all-tags', 2],
  ['ImageTag=a/b:1', 'image-tag', 2],
  ['ContainersConfModule=/m.conf', 'containers-conf-module', 2],
  ['GlobalArgs=--root /x', 'unknown-argument', 2],
  ['GlobalArgs=--storage-opt=x=y', 'unknown-argument', 2],
  ['PodmanArgs=--signature-policy=/x', 'unknown-argument', 2],
  ['PodmanArgs=quay.io/other', 'unknown-argument', 2],
  ['PodmanArgs=--arch', 'bad-value', 2],
  ['PodmanArgs=--platform=linux', 'bad-value', 2],
  ['PodmanArgs=--platform=a/b/c/d', 'bad-value', 2],
  ['PodmanArgs=--tls-verify=maybe', 'bad-value', 2],
  ['Retry=-1', 'bad-value', 2],
  ['Retry=many', 'bad-value', 2],
  ['RetryDelay=5', 'bad-value', 2],
  ['RetryDelay=5s5', 'bad-value', 2],
  ['Policy=sometimes', 'bad-value', 2],
  ['AuthFile=%h/auth.json', 'option-specifier', 2],
  ['PodmanArgs=--creds %u', 'option-specifier', 2],
])('%s: %s', (text, code, line) => {
  const { pull, problems } = read(`[Image]\n${text}\n`);
  expect(pull).toEqual({});
  expect(problems.map((each) => [each.code, each.line, each.severity]).slice(0, 1)).toEqual([
    [code, line, 'warning'],
  ]);
});

test('no secret is shown', () => {
  const { problems } = read(
    '[Image]\nPodmanArgs=--creds=s3cret%x --token=s3cret --retry=s3cret --policy s3cret\nGlobalArgs=--key=s3cret s3cret\nCreds=s3cret%x\n',
  );
  expect(problems.length).toBeGreaterThan(5);
  expect(JSON.stringify(problems)).not.toContain('s3cret');
});
