import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type BootcStatus, parseBootcStatus } from '../../src/deployments/parse-bootc-status.ts';
import { candidateOf } from '../../src/deployments/read-candidate.ts';
import { Failure } from '../../src/model/failure.ts';
import { digestOf } from '../support/samples.ts';

const spec = (image: string, transport: string) => ({ bootOrder: 'default', image: { image, transport } });
const checksum = 'ab'.repeat(32);
const ostree = (deploySerial: number) => ({ checksum, deploySerial, stateroot: 'default' });
const osImage = (tag: string) => ({
  architecture: 'amd64',
  image: { image: `quay.io/ex/os:${tag}`, transport: 'registry' },
  imageDigest: digestOf(tag),
  timestamp: '2026-08-01T12:00:00Z',
  version: '13.1',
});
const entry = (tag: string, more: object) => ({
  image: osImage(tag),
  cachedUpdate: null,
  incompatible: false,
  pinned: false,
  downloadOnly: false,
  softRebootCapable: false,
  store: 'ostreeContainer',
  ostree: null,
  composefs: null,
  ...more,
});
const parse = (document: object): BootcStatus =>
  parseBootcStatus(JSON.stringify({ kind: 'BootcHost', ...document }));

describe('parseBootcStatus', () => {
  it('tells which deployment is which', () => {
    const status = parse({
      spec: spec('quay.io/ex/os:latest', 'registry'),
      status: {
        type: 'bootcHost',
        rollbackQueued: true,
        booted: entry('b', { ostree: ostree(0), cachedUpdate: osImage('next') }),
        staged: entry('s', { ostree: ostree(1), downloadOnly: true }),
        rollback: entry('r', { ostree: ostree(2), pinned: true }),
        otherDeployments: [entry('o', { ostree: ostree(3) })],
      },
    });
    const common = { version: '13.1', pinned: false, locked: false };
    const named = (tag: string) => ({ osImage: `docker://quay.io/ex/os:${tag}`, digest: digestOf(tag) });
    expect(status).toEqual({
      specImage: 'docker://quay.io/ex/os:latest',
      rollbackQueued: true,
      entries: [
        {
          ...common,
          ...named('b'),
          slot: 'booted',
          id: `default/${checksum}.0`,
          updateDigest: digestOf('next'),
        },
        { ...common, ...named('s'), slot: 'staged', id: `default/${checksum}.1`, locked: true },
        { ...common, ...named('r'), slot: 'rollback', id: `default/${checksum}.2`, pinned: true },
        { ...common, ...named('o'), slot: 'other', id: `default/${checksum}.3` },
      ],
    });
  });

  it('knows an entry of the composefs backend by its verity digest', () => {
    const verity = 'cd'.repeat(64);
    const booted = entry('b', { composefs: { verity, bootType: 'Bls', bootloader: 'systemd' } });
    expect(parse({ status: { booted } }).entries[0]?.id).toBe(verity);
  });

  it.each([
    ['a folder above', { checksum, deploySerial: 0, stateroot: '../..' }],
    ['no checksum', { checksum: '../../etc', deploySerial: 0, stateroot: 'default' }],
    ['no serial', { checksum, deploySerial: null, stateroot: 'default' }],
    ['a serial that is no whole number', { checksum, deploySerial: 0.5, stateroot: 'default' }],
  ])('takes no name for a folder that names %s', (_, names) => {
    expect(parse({ status: { booted: entry('b', { ostree: names }) } }).entries[0]).not.toHaveProperty('id');
  });

  it('takes no text that would move a terminal', () => {
    const image = { ...osImage('b'), version: '13\u001b[2J' };
    expect(parse({ status: { booted: { image } } }).entries[0]).not.toHaveProperty('version');
  });

  it('keeps 64 entries at most', () => {
    const otherDeployments = Array.from({ length: 1000 }, () => entry('o', {}));
    expect(parse({ status: { booted: entry('b', {}), otherDeployments } }).entries).toHaveLength(64);
  });

  it.each(['', 'null', '{"spec":{"image":1}}', '{"kind":"Pod"}'])('refuses %j', (text) => {
    expect(() => parseBootcStatus(text)).toThrow('bootc status printed');
  });

  it('ends with entries or a failure for any JSON', () => {
    const json = fc.json({ maxDepth: 6 });
    const shaped = fc.record(
      {
        spec: fc.jsonValue(),
        status: fc.dictionary(fc.constantFrom('booted', 'staged', 'otherDeployments'), fc.jsonValue()),
      },
      { requiredKeys: [] },
    );
    const text = fc.oneof(
      json,
      fc.string(),
      shaped.map((value) => JSON.stringify(value)),
    );
    fc.assert(
      fc.property(text, (document) => {
        try {
          expect(parseBootcStatus(document).entries.length).toBeLessThanOrEqual(64);
        } catch (error) {
          expect(error).toBeInstanceOf(Failure);
        }
      }),
      { numRuns: 1000 },
    );
  });
});

describe('candidateOf', () => {
  it.each([
    ['registry', 'quay.io/ex/os:latest', 'docker://quay.io/ex/os:latest'],
    ['oci', '/media/os', 'oci:/media/os'],
    ['oci-archive', '/media/os.tar', 'oci-archive:/media/os.tar'],
    ['containers-storage', 'localhost/os', 'containers-storage:localhost/os'],
  ])('names an image of the transport %s', (transport, image, expected) => {
    const status = parse({
      spec: spec(image, transport),
      status: { booted: { image: {}, cachedUpdate: null } },
    });
    expect(candidateOf(status)).toEqual({ image: expected });
  });

  it('tells the digest of the update that bootc has found', () => {
    const booted = { image: {}, cachedUpdate: { imageDigest: digestOf('next'), image: {} } };
    const status = parse({ spec: spec('quay.io/ex/os', 'registry'), status: { booted } });
    expect(candidateOf(status)?.digest).toBe(digestOf('next'));
  });

  it.each([{ spec: { image: null }, status: { booted: null } }, { spec: null, status: null }, {}])(
    'knows no candidate on a host that bootc has not booted: %j',
    (document) => {
      expect(candidateOf(parse(document))).toBeUndefined();
    },
  );
});
