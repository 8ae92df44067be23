import { expect, test } from 'vitest';
import { openHostFetching } from '../../src/agent/host-fetching.ts';
import { openHostMemory } from '../../src/agent/host-memory.ts';
import { makeConfiguration } from '../../src/config/configuration.ts';
import type { Configuration } from '../../src/config/configuration.ts';
import { Failure } from '../../src/model/failure.ts';
import { dayBudgetKind } from '../../src/state/day-budget.ts';
import { openDocument } from '../../src/state/open-document.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

async function hostOf(folder: string, configuration: Configuration) {
  return {
    configuration,
    memory: await openHostMemory(folder, () => 'same'),
    ledger: await openDocument(folder, dayBudgetKind, Date.now()),
  };
}

/** A window that is closed for the next hours. */
function laterToday(): { startMs: number; endMs: number } {
  const now = new Date();
  const startMs = (((now.getHours() + 6) % 24) * 60 + now.getMinutes()) * 60_000;
  return { startMs, endMs: (startMs + 3_600_000) % 86_400_000 };
}

test('what nobody waits for waits for the window, and says until when; what somebody asked for does not', async () => {
  await using folder = await temporaryFolder();
  const configuration = makeConfiguration([new Map([['fetch.window', [laterToday()]]])]);
  const host = await hostOf(folder.path, configuration);
  await expect(openHostFetching(host, true)).rejects.toMatchObject({
    code: 'Postponed',
    message: expect.stringMatching(/until \d{4}-\d\d-\d\d \d\d:\d\d/),
    retryAfterMs: expect.any(Number),
  });
  await using asked = await openHostFetching(host, false);
  expect(asked.signal.aborted).toBe(false);
});

test("the day's bytes: what nobody waits for ends when they are spent, and begins no more on that day", async () => {
  await using folder = await temporaryFolder();
  const configuration = makeConfiguration([new Map([['fetch.daily-limit', 1_000_000]])]);
  const host = await hostOf(folder.path, configuration);
  {
    await using control = await openHostFetching(host, true);
    control.fetching.onReceived?.(999_999);
    expect(control.signal.aborted).toBe(false);
    const aborted = new Promise((resolve) => control.signal.addEventListener('abort', resolve));
    control.fetching.onReceived?.(2);
    await aborted;
    expect(control.signal.reason).toMatchObject({ code: 'Postponed' });
  }
  await expect(openHostFetching(host, true)).rejects.toMatchObject({ code: 'Postponed' });
  await using _asked = await openHostFetching(host, false);
  // What was spent is written down by nobody who is waited for; the folder goes after it.
  await host.ledger.update((spent) => spent);
});

test.each([
  ['none', false, false],
  ['damaged-store', false, true],
  ['all', true, true],
] as const)('retain = %s', async (retain, whole, damaged) => {
  await using folder = await temporaryFolder();
  const host = await hostOf(folder.path, makeConfiguration([new Map([['store.retain', retain]])]));
  await host.memory.damaged('example.com/damaged:1', new Failure('StoreDamaged', 'a layer is gone'));
  await using control = await openHostFetching(host, false);
  expect(control.fetching.retains('example.com/whole:1')).toBe(whole);
  expect(control.fetching.retains('example.com/damaged:1')).toBe(damaged);
});
