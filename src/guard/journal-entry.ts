import type { HostState } from '../model/host-state.ts';
import { type MessageName, messageIds } from './message-ids.ts';

/** One entry of the journal. Field names are upper-case letters, digits and underscores: systemd.journal-fields(7). */
export interface JournalEntry {
  readonly name: MessageName;
  /** One sentence for a person. */
  readonly text: string;
  readonly fields?: Readonly<Record<`BOUND_IMAGES_${string}`, string>>;
}

const textLimit = 4096;

/**
 * An entry as `logger --journald` reads it from its standard input: a field a line. A line break in a value would begin another
 * field, which could claim to be anything: values are put on one line, without control characters.
 */
export function journalText({ name, text, fields = {} }: JournalEntry): string {
  const { id, priority } = messageIds[name];
  const all = {
    MESSAGE_ID: id,
    PRIORITY: `${priority}`,
    SYSLOG_IDENTIFIER: 'bound-images',
    ...fields,
    MESSAGE: text,
  };
  return Object.entries(all)
    .map(([key, value]) => `${key}=${oneLine(value)}\n`)
    .join('');
}

/** What has to be told when one state of a host follows another; `before` is undefined at the agent's start. */
export function transitions(
  before: Pick<HostState, 'state' | 'nextBoot'> | undefined,
  after: Pick<HostState, 'state' | 'nextBoot'>,
): JournalEntry[] {
  const { verdict, reason } = after.nextBoot;
  const boot: MessageName = verdict === 'none' ? 'boot-unknown' : `boot-${verdict}`;
  const isNews = before?.nextBoot.verdict !== verdict || before.nextBoot.reason !== reason;
  return [
    ...(before?.state === after.state
      ? []
      : [{ name: `state-${after.state}` as const, text: stateTexts[after.state] }]),
    ...(isNews ? [{ name: boot, text: reason, fields: { BOUND_IMAGES_VERDICT: verdict } }] : []),
  ];
}

const stateTexts: Readonly<Record<HostState['state'], string>> = {
  ready: 'The booted deployment has all its images.',
  incomplete: 'The booted deployment lacks images: bound-images status names them.',
  damaged: 'Images of the booted deployment are damaged: bound-images verify --repair mends them.',
  unknown: 'What the booted deployment has of its images cannot be told.',
};

function oneLine(value: string): string {
  // eslint-disable-next-line no-control-regex -- these are what must not pass
  return value.replaceAll(/[\u0000-\u001f\u007f]+/g, ' ').slice(0, textLimit);
}
