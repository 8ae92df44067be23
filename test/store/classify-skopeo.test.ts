import { describe, expect, test } from 'vitest';
import { classifySkopeo } from '../../src/store/classify-skopeo.ts';

/** As skopeo 1.18 and 1.9 print it where stderr is no terminal. */
function fatal(message: string): string {
  const quoted = message.replaceAll('"', String.raw`\"`);
  return (
    'time="2026-11-21T05:52:32Z" level=info msg="Not using native diff for overlay"\n' +
    `time="2026-11-21T05:52:33Z" level=fatal msg="${quoted}"\n`
  );
}

const image = 'docker://127.0.0.1:5000/app/a@sha256:f16a61e6';

// Each of them was provoked: with a docker-registry, servers with faults, full and read-only file systems, policies.
test.each<[string, string]>([
  // 1.18 and 1.9
  [
    'NotFound',
    `initializing source ${image}: reading manifest nope in 127.0.0.1:5000/app/a: manifest unknown`,
  ],
  [
    'NotFound',
    `initializing source ${image}: reading manifest 1 in 127.0.0.1:5000/app/a: StatusCode: 404, "oh dear"`,
  ],
  [
    'NotFound',
    `choosing an image from manifest list ${image}: no image found in image index for architecture "s390x", variant "", OS "linux"`,
  ],
  ['NotFound', 'reference "[overlay@/s+/r]x.test/y:1" does not resolve to an image ID'],
  ['NotFound', 'reading image "ffff": locating image with ID "ffff": image not known'],
  [
    'Authentication',
    `initializing source ${image}: reading manifest 1 in 127.0.0.1:5000/app/a: authentication required`,
  ],
  [
    'Authentication',
    `initializing source ${image}: reading manifest 1 in 127.0.0.1:5000/app/a: unauthorized: authentication required`,
  ],
  ['Authentication', `initializing source ${image}: reading manifest 1 in 127.0.0.1:5000/app/a: denied`],
  ['Authentication', 'parsing image configuration: fetching blob: StatusCode: 403, "oh dear"'],
  [
    'Authentication',
    `initializing source ${image}: getting username and password: reading JSON file "junk.json": unmarshaling JSON at "junk.json": unexpected end of JSON input`,
  ],
  [
    'Transient',
    `initializing source ${image}: pinging container registry 127.0.0.1:5999: Get "http://127.0.0.1:5999/v2/": dial tcp 127.0.0.1:5999: connect: connection refused`,
  ],
  [
    'Transient',
    `initializing source ${image}: pinging container registry no.such.invalid: Get "https://no.such.invalid/v2/": dial tcp: lookup no.such.invalid on 10.255.255.53:53: dial udp 10.255.255.53:53: connect: network is unreachable`,
  ],
  [
    'Transient',
    `initializing source ${image}: reading manifest 1 in 127.0.0.1:5000/app/a: received unexpected HTTP status: 503 Service Unavailable`,
  ],
  ['Transient', 'parsing image configuration: fetching blob: StatusCode: 429, "oh dear"'],
  [
    'Transient',
    'parsing image configuration: Error fetching blob: invalid status code from registry 500 (Internal Server Error)',
  ],
  [
    'Transient',
    'writing blob: storing blob to file "/var/tmp/container_images_storage1/2": happened during read: unexpected EOF (after reconnecting, server did not process a Range: header, status 200)',
  ],
  [
    'DigestMismatch',
    'writing blob: storing blob to file "/var/tmp/container_images_storage1/1": happened during read: Digest did not match, expected sha256:1256, got sha256:a735',
  ],
  [
    'DigestMismatch',
    'parsing image configuration: Download config.json digest sha256:bb49 does not match expected sha256:544f',
  ],
  [
    'DigestMismatch',
    `determining manifest MIME type for ${image}: Manifest does not match provided manifest digest sha256:f16a`,
  ],
  ['DigestMismatch', "Digest of source image's manifest would not match destination reference"],
  ['Policy', `Source image rejected: Running image ${image} is rejected by policy.`],
  ['Policy', 'Source image rejected: A signature was required, but no signature exists'],
  [
    'Policy',
    'Error loading trust policy: no policy.json file found at any of the following: "/etc/containers/policy.json"',
  ],
  [
    'NoSpace',
    'writing blob: adding layer with blob "sha256:72d7"/""/"sha256:d987": unpacking failed (error: exit status 1; output: write /app1: no space left on device)',
  ],
  [
    'NoSpace',
    'writing blob: adding layer with blob "sha256:1256"/""/"sha256:0a8d": creating read-only layer with ID "0a8d": mkdir /s/overlay/0a8d/empty: no space left on device',
  ],
  [
    'BadConfiguration',
    `initializing source ${image}: pinging container registry 127.0.0.1:5000: Get "https://127.0.0.1:5000/v2/": http: server gave HTTP response to HTTPS client`,
  ],
  [
    'BadConfiguration',
    `initializing source ${image}: pinging container registry 127.0.0.1:5004: Get "https://127.0.0.1:5004/v2/": tls: failed to verify certificate: x509: certificate signed by unknown authority`,
  ],
  ['BadConfiguration', 'Invalid decryption keys: : Wrong password: could not decrypt private key'],
  [
    'BadConfiguration',
    'layer sha256:9142 should be decrypted, but we can’t modify the manifest: Destination specifies a digest',
  ],
  [
    'BadConfiguration',
    'Invalid destination name containers-storage:[nosuch@/s+/r]a:1: failed to GetDriver graph nosuch /s: driver not supported',
  ],
  [
    'StoreDamaged',
    'Invalid destination name containers-storage:[overlay@/s+/r]x.test/a:1: loading "/s/overlay-images/images.json": []*storage.Image: storage.Image.Metadata: readStringSlowPath: unexpected end of input, error found in #10 byte of ...|adata":"{}|...',
  ],
  [
    'StoreDamaged',
    'trying to reuse blob sha256:1256 at destination: looking for layers with digest "sha256:1256": loading primary layer store data: loading "/s/overlay-layers/layers.json": []*storage.Layer: readStringSlowPath: unexpected end of input',
  ],
  [
    'StoreDamaged',
    'writing blob: adding layer with blob "sha256:72d7"/""/"sha256:d987": creating read-only layer with ID "5b7d": Stat /s/overlay/0a8d/diff: no such file or directory',
  ],
  ['ProgramFailed', 'something that nobody has seen'],
])('%s: %s', (code, message) => {
  expect(classifySkopeo(fatal(message))).toEqual({ code, text: message });
});

describe('the text', () => {
  test('is the last line where nothing is marked fatal', () => {
    expect(classifySkopeo('skopeo: warning\nunknown flag: --retry-delay\n')).toEqual({
      code: 'ProgramFailed',
      text: 'unknown flag: --retry-delay',
    });
  });

  test('of nothing is empty', () => {
    expect(classifySkopeo('').text).toBe('');
  });

  test('has no signed addresses and no passwords of proxies', () => {
    const { text } = classifySkopeo(
      fatal(
        'Get "https://cdn.test/blob?X-Signature=secret&b=1": proxyconnect "http://me:secret@proxy.test:3128": connection refused',
      ),
    );
    expect(text).not.toContain('secret');
    expect(text).toContain('https://cdn.test/blob?...');
    expect(text).toContain('http://proxy.test:3128');
  });

  test('is bounded', () => {
    expect(classifySkopeo(fatal('x'.repeat(10_000))).text).toHaveLength(600);
  });
});
