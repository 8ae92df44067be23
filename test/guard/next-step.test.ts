import { expect, test } from 'vitest';
import {
  type Candidate,
  type GateGoal,
  type GateMemory,
  type GateStep,
  type GateView,
  nextStep,
} from '../../src/guard/next-step.ts';
import { Failure } from '../../src/model/failure.ts';
import { digestOf } from '../support/samples.ts';
import { lack, readiness } from './samples.ts';

const upgrade: GateGoal = { kind: 'upgrade', apply: false };
const apply: GateGoal = { kind: 'upgrade', apply: true };
const onStaged: GateGoal = { kind: 'staged' };
const newBootc = { downloadOnly: true, lockFinalization: true };
const oldBootc = { downloadOnly: false, lockFinalization: true };
const bareBootc = { downloadOnly: false, lockFinalization: false };
const booted = { digest: digestOf('booted') };
const app = lack('quay.io/ex/app:1');
const fresh: GateMemory = { prefetched: false, staged: false, completed: new Set(), locked: new Set() };
const id = 'default/staged.0';
const ours = { kind: 'locking', id } as const;
const whole: Candidate = { digest: digestOf('next'), lacking: [], unreadable: 0 };
const same: Candidate = { ...whole, digest: booted.digest };
const away = new Failure('Transient', 'the registry is away');
const stagedNext = { digest: whole.digest };

type Row = [string, GateGoal, Partial<GateView>, Partial<GateMemory>, Partial<GateStep> | RegExp];

test.each<Row>([
  ['looks ahead first', upgrade, {}, {}, { kind: 'look-ahead' }],
  ['nothing is newer', apply, {}, { candidate: same }, { kind: 'end', outcome: 'current' }],
  ['brings its images', upgrade, {}, { candidate: { ...whole, lacking: [app] } }, { kind: 'prefetch' }],
  [
    'stages nothing that is not complete',
    upgrade,
    {},
    { candidate: { ...whole, lacking: [app] }, prefetched: true },
    /^NotReady the next OS image is not complete: .*app:1 is missing; it is not staged$/,
  ],
  [
    'nor what cannot be read',
    upgrade,
    {},
    { candidate: { ...whole, unreadable: 1 } },
    /^Definitions .*1 definition cannot be honoured/,
  ],
  [
    'stages it locked',
    upgrade,
    {},
    { candidate: whole },
    { kind: 'stage', locked: true, note: { kind: 'staging' } },
  ],
  [
    'stages it as an older bootc can',
    upgrade,
    { can: oldBootc },
    { candidate: whole },
    { kind: 'stage', locked: false },
  ],
  [
    'stages locked what nobody can look into',
    upgrade,
    {},
    { candidate: away },
    { kind: 'stage', locked: true },
  ],
  [
    'not with an older bootc',
    upgrade,
    { can: oldBootc },
    { candidate: away },
    /^Transient the registry is away$/,
  ],
  [
    'not off a bootc host',
    upgrade,
    {},
    { candidate: new Failure('NotBootcHost', 'no') },
    /^NotBootcHost no$/,
  ],
  [
    'replaces what is staged and older',
    upgrade,
    { staged: readiness('staged', [], { digest: digestOf('older') }) },
    { candidate: whole },
    { kind: 'stage', locked: true },
  ],
  [
    'and what it had locked itself',
    upgrade,
    { staged: readiness('staged', [], { digest: digestOf('older'), locked: true }), note: ours },
    { candidate: whole },
    { kind: 'stage', locked: true, note: { kind: 'staging' } },
  ],
  [
    'never what somebody else has locked',
    upgrade,
    { staged: readiness('staged', [], { digest: digestOf('older'), locked: true }) },
    {},
    { kind: 'end', outcome: 'held' },
  ],
  [
    'completes that all the same',
    upgrade,
    { staged: readiness('staged', [app], { locked: true }) },
    {},
    { kind: 'complete' },
  ],
  [
    'finds the newest staged already',
    upgrade,
    { staged: readiness('staged', [], stagedNext) },
    { candidate: whole },
    { kind: 'end', outcome: 'ready' },
  ],
  [
    'reboots into what is ready',
    apply,
    { staged: readiness('staged', [], stagedNext) },
    { candidate: whole },
    { kind: 'reboot' },
  ],
  [
    'unlocks first',
    apply,
    { staged: readiness('staged', [], { locked: true }), note: ours },
    { staged: true },
    { kind: 'unlock', by: 'bootc', id },
  ],
  [
    'locks what lacks images before it brings them',
    onStaged,
    { staged: readiness('staged', [app]) },
    {},
    { kind: 'lock', by: 'ostree', id, note: ours },
  ],
  [
    'with bootc where there is no ostree',
    onStaged,
    { staged: readiness('staged', [app]), can: { downloadOnly: true, lockFinalization: false } },
    {},
    { kind: 'lock', by: 'bootc' },
  ],
  [
    'brings them unlocked where nothing locks',
    onStaged,
    { staged: readiness('staged', [app]), can: bareBootc },
    {},
    { kind: 'complete' },
  ],
  [
    'brings them where the lock did not hold',
    onStaged,
    { staged: readiness('staged', [app]) },
    { locked: new Set([id]) },
    { kind: 'complete' },
  ],
  [
    'says that it boots without them',
    onStaged,
    { staged: readiness('staged', [app]), can: bareBootc },
    { completed: new Set([id]) },
    /^NotReady .*app:1 is missing; it is not locked and boots without them/,
  ],
  [
    'leaves it locked',
    onStaged,
    { staged: readiness('staged', [app], { locked: true }), note: ours },
    { completed: new Set([id]) },
    /^NotReady .*app:1 is missing; it stays locked/,
  ],
  [
    'locks, and does not try to complete, what no image can complete',
    onStaged,
    { staged: readiness('staged', [], { locked: true, unreadable: 2 }), note: ours },
    {},
    /^Definitions .*2 definitions/,
  ],
  [
    'completes what was locked by a run that was killed',
    onStaged,
    { staged: readiness('staged', [app], { locked: true }), note: { kind: 'staging' } },
    {},
    { kind: 'complete' },
  ],
  [
    'unlocks what an older bootc staged, with ostree',
    onStaged,
    { staged: readiness('staged', [], { locked: true }), note: ours, can: oldBootc },
    {},
    { kind: 'unlock', by: 'ostree' },
  ],
  [
    'never unlocks for others',
    onStaged,
    { staged: readiness('staged', [], { locked: true }), note: { kind: 'locking', id: 'another' } },
    {},
    { kind: 'end', outcome: 'held' },
  ],
  ['nothing is staged', onStaged, {}, {}, { kind: 'end', outcome: 'current' }],
  [
    'what is staged is complete',
    onStaged,
    { staged: readiness('staged') },
    {},
    { kind: 'end', outcome: 'ready' },
  ],
])('%s', (_, goal, view, memory, expected) => {
  const step = nextStep(goal, { booted, can: newBootc, ...view }, { ...fresh, ...memory });
  if (expected instanceof RegExp) {
    if (step.kind !== 'fail') throw new Error(`it was to fail, not to ${step.kind}`);
    expect(`${step.failure.code} ${step.failure.message}`).toMatch(expected);
  } else {
    expect(step).toMatchObject(expected);
  }
});
