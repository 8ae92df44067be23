import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { journalText, transitions } from '../../src/guard/journal-entry.ts';
import { messageIds } from '../../src/guard/message-ids.ts';
import type { HostState } from '../../src/model/host-state.ts';

type Shown = Pick<HostState, 'state' | 'nextBoot'>;
const ready: Shown = { state: 'ready', nextBoot: { verdict: 'ready', reason: 'All is there.' } };
const blocked: Shown = { state: 'ready', nextBoot: { verdict: 'blocked', reason: 'One is missing.' } };

test('docs/journal.md has every id, as it is', () => {
  const page = readFileSync(new URL('../../docs/journal.md', import.meta.url), 'utf8');
  const rows = page
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) => line.slice(2, -2).split(/ +\| /));
  const priorities = { 3: 'err', 4: 'warning', 5: 'notice', 6: 'info' };
  expect(rows.map((row) => row.slice(0, 3))).toEqual(
    Object.entries(messageIds).map(([name, { id, priority }]) => [
      `\`${name}\``,
      `\`${id}\``,
      priorities[priority],
    ]),
  );
  expect(page).toContain(`journalctl MESSAGE_ID=${messageIds['boot-blocked'].id}`);
});

test('ids are 128 bits, and no two alike', () => {
  const ids = Object.values(messageIds).map(({ id }) => id);
  expect(ids.filter((id) => !/^[0-9a-f]{32}$/.test(id))).toEqual([]);
  expect(new Set(ids).size).toBe(ids.length);
});

test.each<[string, Shown | undefined, Shown, string[]]>([
  ['at the start', undefined, ready, ['state-ready', 'boot-ready']],
  ['nothing new', ready, ready, []],
  ['another verdict', ready, blocked, ['boot-blocked']],
  [
    'another reason',
    blocked,
    { ...blocked, nextBoot: { ...blocked.nextBoot, reason: 'Two are.' } },
    ['boot-blocked'],
  ],
  ['another state', ready, { ...ready, state: 'damaged' }, ['state-damaged']],
  ['nothing boots', ready, { ...ready, nextBoot: { verdict: 'none', reason: 'Nothing.' } }, ['boot-unknown']],
])('%s', (_, before, after, names) => {
  expect(transitions(before, after).map(({ name }) => name)).toEqual(names);
});

test('a value cannot begin another field', () => {
  const text = journalText({
    name: 'image-damaged',
    text: 'a\nPRIORITY=0\0b',
    fields: { BOUND_IMAGES_IMAGE: 'x\r\nMESSAGE_ID=y' },
  });
  expect(text.split('\n')).toEqual([
    `MESSAGE_ID=${messageIds['image-damaged'].id}`,
    'PRIORITY=3',
    'SYSLOG_IDENTIFIER=bound-images',
    'BOUND_IMAGES_IMAGE=x MESSAGE_ID=y',
    'MESSAGE=a PRIORITY=0 b',
    '',
  ]);
});
