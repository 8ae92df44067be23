import { expect, test } from 'vitest';
import type { Readiness } from '../../src/guard/readiness.ts';
import { Failure } from '../../src/model/failure.ts';
import { type BootFacts, verdictOf, verdictOnUnread } from '../../src/guard/verdict.ts';
import type { HostState } from '../../src/model/host-state.ts';
import { lack, readiness } from './samples.ts';

const quiet: BootFacts = { rollbackQueued: false, lockedByUs: false, completing: false };
const app = lack('quay.io/ex/app:1');
const refused = lack('quay.io/ex/app:1', {
  error: { code: 'Transient', text: 'connection refused' },
});
const locked = { locked: true };

type Row = [string, Readiness[], Partial<BootFacts>, HostState['state'], string, RegExp];

test.each<Row>([
  ['nothing is known', [], {}, 'unknown', 'none', /Nothing is known/],
  [
    'all is there',
    [readiness('booted')],
    {},
    'ready',
    'ready',
    /^quay\.io\/ex\/os:booted \(booted\) boots next/,
  ],
  ['the booted one lacks', [readiness('booted', [app])], {}, 'incomplete', 'blocked', /app:1 is missing\.$/],
  [
    'it failed',
    [readiness('booted', [refused])],
    { completing: true },
    'incomplete',
    'blocked',
    /app:1 is missing \(Transient: connection refused\)/,
  ],
  [
    'it is under way',
    [readiness('booted', [app])],
    { completing: true },
    'incomplete',
    'waiting',
    /is being completed/,
  ],
  [
    'damage',
    [readiness('booted', [lack('a', { state: 'damaged' }), app])],
    {},
    'damaged',
    'blocked',
    /a is damaged, quay/,
  ],
  [
    'mismatch',
    [readiness('booted', [lack('a', { state: 'mismatch' })])],
    {},
    'incomplete',
    'blocked',
    /digest pins/,
  ],
  [
    'a definition that cannot be honoured',
    [readiness('booted', [], { unreadable: 1 })],
    { completing: true },
    'incomplete',
    'blocked',
    /1 definition cannot be honoured/,
  ],
  [
    'many are named by number',
    [
      readiness(
        'booted',
        ['a', 'b', 'c', 'd', 'e'].map((name) => lack(name)),
      ),
    ],
    {},
    'incomplete',
    'blocked',
    /c is missing, 2 more are not there/,
  ],
  [
    'staged, complete',
    [readiness('booted', [app]), readiness('staged')],
    {},
    'incomplete',
    'ready',
    /os:staged/,
  ],
  ['staged, lacking', [readiness('booted'), readiness('staged', [app])], {}, 'ready', 'blocked', /os:staged/],
  [
    'staged, locked, lacking',
    [readiness('booted'), readiness('staged', [refused], locked)],
    {},
    'ready',
    'waiting',
    /os:staged is staged and locked until it is complete: .*refused/,
  ],
  [
    'staged, locked by us, complete',
    [readiness('booted'), readiness('staged', [], locked)],
    { lockedByUs: true },
    'ready',
    'waiting',
    /about to be unlocked/,
  ],
  [
    'staged, locked by somebody else, complete',
    [readiness('booted'), readiness('staged', [], locked)],
    {},
    'ready',
    'ready',
    /os:booted \(booted\) boots next.*--from-downloaded/,
  ],
  [
    'staged, locked, while the booted one lacks',
    [readiness('booted', [app]), readiness('staged', [], locked)],
    { lockedByUs: true },
    'incomplete',
    'blocked',
    /os:booted/,
  ],
  [
    'a rollback is queued',
    [readiness('booted'), readiness('staged'), readiness('rollback', [app])],
    { rollbackQueued: true },
    'ready',
    'blocked',
    /os:rollback/,
  ],
  [
    'a rollback that is not there',
    [readiness('booted')],
    { rollbackQueued: true },
    'ready',
    'none',
    /Nothing/,
  ],
  [
    'an OS image that bootc does not name',
    [
      {
        ...readiness('booted'),
        deployment: { id: 'default/1.0', slot: 'booted', rootPath: '/', locked: false },
      },
    ],
    {},
    'ready',
    'ready',
    /^default\/1\.0 \(booted\)/,
  ],
])('%s', (_, readings, facts, state, verdict, reason) => {
  const result = verdictOf(readings, { ...quiet, ...facts });
  expect([result.state, result.nextBoot.verdict]).toEqual([state, verdict]);
  expect(result.nextBoot.reason).toMatch(reason);
  expect(result.nextBoot.reason).not.toContain('\n');
});

test('a store that cannot be read says nothing of what boots, and names the file and the remedy', () => {
  const unreadable = new Failure('StoreDamaged', '/store/images.json: not JSON; bring it back');
  expect(verdictOnUnread(unreadable)).toEqual({
    verdict: 'blocked',
    reason: expect.stringMatching(
      /^What boots next may lack images\. \/store\/images\.json: .*verify --repair/,
    ),
  });
  const forbidden = new Failure('StoreUnknown', '/store: may not be read');
  expect(verdictOnUnread(forbidden).reason).not.toContain('--repair');
});
