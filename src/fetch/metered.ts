import * as v from 'valibot';
import { Failure } from '../model/failure.ts';

/** A call on the system bus. @returns the reply's body; rejects with an error reply, or where there is no bus */
export type BusCall = (call: {
  readonly destination: string;
  readonly path: string;
  readonly interface: string;
  readonly member: string;
  readonly signature: string;
  readonly body: readonly unknown[];
  /** Whether a service that is not running may be started for it: the NO_AUTO_START flag of the message. */
  readonly autoStart: boolean;
}) => Promise<readonly unknown[]>;

/** Nothing of ours runs meanwhile that could be told of its end. */
const lookAgainMs = 30 * 60_000;

const networkManager = 'org.freedesktop.NetworkManager';
/** NMMetered of NetworkManager's D-Bus types: 0 unknown, 1 yes, 2 no, 3 yes by guess, 4 no by guess. */
const meteredValues: ReadonlySet<number> = new Set([1, 3]);

const replySchema = v.tuple([v.object({ signature: v.literal('u'), value: v.number() })]);

/** Whether NetworkManager calls the connection metered. A host without it, or that cannot say, is not. */
export async function isMetered(call: BusCall): Promise<boolean> {
  const reply = await call({
    destination: networkManager,
    path: '/org/freedesktop/NetworkManager',
    interface: 'org.freedesktop.DBus.Properties',
    member: 'Get',
    signature: 'ss',
    body: [networkManager, 'Metered'],
    autoStart: false,
  }).catch(() => undefined);
  const parsed = v.safeParse(replySchema, reply);
  return parsed.success && meteredValues.has(parsed.output[0].value);
}

/** @throws Failure `Postponed` while the connection is metered and that is not allowed */
export async function checkMetered(metered: 'postpone' | 'allow', call: BusCall): Promise<void> {
  if (metered === 'allow' || !(await isMetered(call))) return;
  throw new Failure(
    'Postponed',
    'downloads wait until the connection is no longer metered; fetch.metered = "allow" makes them run',
    { retryAfterMs: lookAgainMs },
  );
}
