import fc from 'fast-check';
import { expect, test } from 'vitest';
import { collectGarbage } from '../../src/agent/collect-garbage.ts';
import { passGate } from '../../src/agent/gate.ts';
import { isLockedByUs } from '../../src/guard/lock-note.ts';
import { Failure } from '../../src/model/failure.ts';
import {
  bootcPrune,
  bootcStage,
  complete,
  contentCount,
  deployed,
  garbageEffects,
  gateEffects,
  type Host,
  Killed,
  lackingOf,
  namesOf,
  newHost,
  type Os,
  reboot,
} from './host-model.ts';

const runs = 1500;
const never = new AbortController().signal;

/** Five OS images that bind some contents, each by one of its names. */
const osImages = fc
  .array(
    fc.array(fc.option(fc.nat(3), { nil: undefined }), { minLength: contentCount, maxLength: contentCount }),
    {
      minLength: 5,
      maxLength: 5,
    },
  )
  .map((all) =>
    all.map((choices, number): Os => ({
      number,
      binds: choices.flatMap((choice, content) =>
        choice === undefined ? [] : namesOf(content).slice(choice, choice + 1),
      ),
    })),
  );

const os = fc.nat(4);
const acts = fc.option(fc.nat(8), { nil: Infinity });
const event = fc.oneof(
  fc.record({ kind: fc.constant('stage' as const), os, locked: fc.boolean() }),
  fc.record({
    kind: fc.constant('upgrade' as const),
    os,
    movesTo: fc.option(os, { nil: undefined }),
    pullsFail: fc.boolean(),
    acts,
  }),
  fc.record({ kind: fc.constant('on-staged' as const), acts }),
  fc.record({ kind: fc.constant('prefetch' as const), os, acts }),
  fc.record({ kind: fc.constant('agent' as const), acts }),
  fc.record({ kind: fc.constant('lose' as const), content: fc.nat(contentCount - 1) }),
  fc.record({ kind: fc.constant('container' as const), content: fc.nat(contentCount - 1) }),
  fc.record({ kind: fc.constant('online' as const), isOnline: fc.boolean() }),
  fc.constant({ kind: 'rollback' as const }),
  fc.constant({ kind: 'reboot' as const }),
  fc.constant({ kind: 'prune' as const }),
);
type Event = typeof event extends fc.Arbitrary<infer E> ? E : never;

/** The agent's turn: brings what is lacking, then collects. @returns whether it came to its end */
async function turn(host: Host, acts: number): Promise<boolean> {
  host.actsLeft = acts;
  try {
    complete(host);
    const bound = () => new Set(deployed(host).flatMap((one) => one.os.binds));
    const { remove } = (await collectGarbage({ mode: 'bootc', dryRun: true }, garbageEffects(host), never))
      .garbage;
    expect(remove.filter(({ image }) => image.names.some((name) => bound().has(name)))).toEqual([]);
    await collectGarbage({ mode: 'bootc', dryRun: false }, garbageEffects(host), never);
    return true;
  } catch (error) {
    if (error instanceof Killed || (error instanceof Failure && !host.isOnline)) return false;
    throw error;
  }
}

function stagedLacks(host: Host): string[] {
  return host.staged === undefined ? ['nothing is staged'] : lackingOf(host, host.staged.os);
}

function at(all: readonly Os[], number: number): Os {
  const os = all[number];
  if (os === undefined) throw new Error(`there is no OS image ${number}`);
  return os;
}

/** @returns whether it came to its end */
async function gate(host: Host, goal: Parameters<typeof passGate>[0], acts: number): Promise<boolean> {
  host.actsLeft = acts;
  const before = host.staged === undefined ? undefined : { ...host.staged };
  const heldByOthers = before?.locked === true && !isLockedByUs(before, host.note);
  try {
    const outcome = await passGate(goal, gateEffects(host), never);
    if (outcome === 'ready') expect(host.staged?.locked).toBe(false);
    if (outcome !== 'current') expect(stagedLacks(host)).toEqual([]);
    return true;
  } catch (error) {
    if (!(error instanceof Killed) && !(error instanceof Failure)) throw error;
    // Without a network much fails; with one, nothing does but what is killed.
    if (error instanceof Failure && host.isOnline) throw error;
    return false;
  } finally {
    if (heldByOthers) expect(host.staged).toEqual(before);
    const { staged } = host;
    if (staged?.locked === false && staged.id !== before?.id && host.hasDownloadOnly)
      expect(stagedLacks(host)).toEqual([]);
  }
}

/** A host on which the agent has its turn after whatever happens, as its units see to, unless it is killed. */
async function live(host: Host, all: readonly Os[], events: readonly Event[]): Promise<void> {
  let settled = await turn(host, Infinity);
  for (const one of events) {
    switch (one.kind) {
      case 'stage': {
        const wasSettled = settled;
        let status = 1;
        try {
          status = bootcStage(host, at(all, one.os), one.locked && host.hasDownloadOnly);
        } catch (error) {
          if (!(error instanceof Failure)) throw error;
        }
        if (wasSettled && host.isOnline) expect(status).toBe(0);
        settled = await turn(host, Infinity);
        break;
      }
      case 'prune':
        if (settled) expect(bootcPrune(host)).toBe(0);
        break;
      case 'upgrade':
        host.registry = at(all, one.os);
        host.movesTo = one.movesTo === undefined ? undefined : at(all, one.movesTo);
        host.pullsFail = one.pullsFail;
        await gate(host, { kind: 'upgrade', apply: false }, one.acts);
        host.movesTo = undefined;
        host.pullsFail = false;
        settled = await turn(host, Infinity);
        break;
      case 'on-staged':
        await gate(host, { kind: 'staged' }, one.acts);
        settled = await turn(host, Infinity);
        break;
      case 'prefetch':
        host.candidate = at(all, one.os);
        settled = await turn(host, one.acts);
        break;
      case 'agent':
        settled = await turn(host, one.acts);
        break;
      case 'reboot':
        reboot(host);
        settled = await turn(host, Infinity);
        break;
      case 'rollback':
        host.rollbackQueued = host.rollback !== undefined;
        if (host.rollbackQueued) host.staged = undefined;
        settled = await turn(host, Infinity);
        break;
      case 'lose':
        host.store.delete(one.content);
        settled = await turn(host, Infinity);
        break;
      case 'container':
        if (host.store.has(one.content)) host.containers.add(one.content);
        break;
      case 'online':
        host.isOnline = one.isOnline;
        break;
    }
    if (settled) for (const { os } of deployed(host)) expect(lackingOf(host, os)).toEqual([]);
    for (const content of host.containers)
      if (settled && !host.store.has(content)) host.containers.delete(content);
  }
}

test('whatever happens, no deployment is without its images and no prune fails once the agent had its turn', async () => {
  await fc.assert(
    fc.asyncProperty(
      osImages,
      fc.boolean(),
      fc.array(event, { maxLength: 25 }),
      async (all, newer, events) => {
        const host = newHost(at(all, 0), newer);
        await live(host, all, events);
        // In the end garbage is gone.
        host.isOnline = true;
        host.candidate = undefined;
        host.containers.clear();
        expect(await turn(host, Infinity)).toBe(true);
        const bound = new Set(deployed(host).flatMap((one) => one.os.binds));
        for (const names of host.store.values()) expect(names.isDisjointFrom(bound)).toBe(false);
        for (const { os } of deployed(host)) expect(lackingOf(host, os)).toEqual([]);
        const kept = structuredClone(host.store);
        expect(bootcPrune(host)).toBe(0);
        expect(host.store).toEqual(kept);
      },
    ),
    { numRuns: runs },
  );
}, 60_000);

test('a gate that was killed at any act is passed the next time', async () => {
  await fc.assert(
    fc.asyncProperty(osImages, fc.boolean(), fc.boolean(), fc.nat(20), async (all, newer, isStaged, acts) => {
      const host = newHost(at(all, 0), newer);
      await turn(host, Infinity);
      if (isStaged) bootcStage(host, at(all, 2), false);
      host.registry = at(all, 1);
      await gate(host, { kind: 'upgrade', apply: false }, acts);
      expect(await gate(host, { kind: 'upgrade', apply: false }, Infinity)).toBe(true);
      expect([host.staged?.os ?? host.booted.os, host.staged?.locked ?? false]).toEqual([at(all, 1), false]);
      expect(host.note).toBeUndefined();
    }),
    { numRuns: runs },
  );
}, 60_000);
