import { describe, expect, it } from 'vitest';
import { parseBootcStatus } from '../../src/deployments/parse-bootc-status.ts';
import { digestOf } from '../support/samples.ts';

const spec = (image: string, transport: string) => ({ bootOrder: 'default', image: { image, transport } });
const booted = (cachedUpdate: object | null) => ({
  type: 'bootcHost',
  booted: { image: {}, cachedUpdate },
  staged: null,
});
const parse = (document: object) => parseBootcStatus(JSON.stringify({ kind: 'BootcHost', ...document }));

describe('parseBootcStatus', () => {
  it.each([
    ['registry', 'quay.io/ex/os:latest', 'docker://quay.io/ex/os:latest'],
    ['oci', '/media/os', 'oci:/media/os'],
    ['oci-archive', '/media/os.tar', 'oci-archive:/media/os.tar'],
    ['containers-storage', 'localhost/os', 'containers-storage:localhost/os'],
  ])('names an image of the transport %s', (transport, image, expected) => {
    expect(parse({ spec: spec(image, transport), status: booted(null) })).toEqual({ image: expected });
  });

  it('tells the digest of the update that bootc has found', () => {
    const status = booted({ imageDigest: digestOf('next'), image: {} });
    expect(parse({ spec: spec('quay.io/ex/os', 'registry'), status })?.digest).toBe(digestOf('next'));
  });

  it.each([{ spec: { image: null }, status: { booted: null } }, { spec: null, status: null }, {}])(
    'knows no candidate on a host that bootc has not booted: %j',
    (document) => {
      expect(parse(document)).toBeUndefined();
    },
  );

  it.each(['', 'null', '{"spec":{"image":1}}'])('refuses %j', (text) => {
    expect(() => parseBootcStatus(text)).toThrow('bootc status printed');
  });
});
