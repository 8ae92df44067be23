import { asFailure } from '../model/failure.ts';
import { type Bus, busDriver } from './connect-bus.ts';
import { type Refusal, refuse } from './error-names.ts';
import { type Message, readBody } from './message.ts';
import { type Value, variant } from './value.ts';
import type { SenderWatch } from './watch-senders.ts';

/** polkit's actions, `org.boundimages1.ACTION` in systemd/org.boundimages1.policy. */
export type Action = 'refresh' | 'verify' | 'prefetch' | 'gc' | 'upgrade' | 'cancel';

export interface Authority {
  /** The caller's user, as the bus knows it; undefined once it has left the bus. */
  readonly uidOf: (sender: string) => Promise<number | undefined>;
  /** @returns undefined for yes */
  readonly check: (action: Action, call: Message) => Promise<Refusal | undefined>;
}

const authority = {
  destination: 'org.freedesktop.PolicyKit1',
  path: '/org/freedesktop/PolicyKit1/Authority',
  interface: 'org.freedesktop.PolicyKit1.Authority',
} as const;
const allowUserInteraction = 1;
const limitMs = 25_000;
/** A person looks for a password meanwhile. */
const interactiveLimitMs = 5 * 60_000;

/**
 * Asks polkit about callers by the unique name that the bus gave them, which nobody else can have, also after they left. uid 0 passes.
 * No polkit, no answer and a wrong answer are all no. A question ends when its caller leaves the bus.
 *
 * @param impatient ends all questions
 */
export function createAuthority(bus: Bus, senders: SenderWatch, impatient: AbortSignal): Authority {
  let checks = 0;

  const uidOf = async (sender: string): Promise<number | undefined> => {
    const answer = await bus.call({
      ...busDriver,
      member: 'GetConnectionUnixUser',
      signature: 's',
      body: [sender],
    });
    return answer.kind === 'return' && answer.signature === 'u' ? (readBody(answer)[0] as number) : undefined;
  };

  const check = async (
    action: Action,
    { sender = '', interactive }: Message,
  ): Promise<Refusal | undefined> => {
    if ((await uidOf(sender)) === 0) return undefined;
    using watch = senders.watch(sender);
    const signal = AbortSignal.any([watch.signal, impatient]);
    const id = `bound-images-${(checks += 1)}`;
    const subject = ['system-bus-name', new Map([['name', variant('s', sender)]])];
    const flags = interactive ? allowUserInteraction : 0;
    const body: Value[] = [subject, `org.boundimages1.${action}`, new Map(), flags, id];
    const options = { limitMs: interactive ? interactiveLimitMs : limitMs, signal };
    const call = { ...authority, member: 'CheckAuthorization', signature: '(sa{sv})sa{ss}us', body };
    const answer = await bus.call(call, options).catch((error: unknown) => asFailure(error));
    if ('code' in answer) {
      // The question still stands before a person, maybe.
      bus.send({
        ...authority,
        kind: 'call',
        noReply: true,
        member: 'CancelCheckAuthorization',
        signature: 's',
        body: [id],
      });
      return refuse('AccessDenied', `${action} was not authorized: ${answer.message}`);
    }
    return verdict(action, answer, interactive);
  };
  return { uidOf, check };
}

function verdict(action: Action, answer: Message, interactive: boolean): Refusal | undefined {
  if (answer.kind === 'error')
    return refuse('AccessDenied', `${action} needs an authorization, and polkit gives none here`);
  const values = answer.signature === '(bba{ss})' ? readBody(answer) : [[false, false]];
  const [authorized, challenge] = values[0] as [boolean, boolean];
  if (authorized) return undefined;
  return challenge && !interactive
    ? refuse(
        'InteractiveAuthorizationRequired',
        `${action} is for administrators: use sudo, or a terminal where a password can be asked for`,
      )
    : refuse('AccessDenied', `${action} is not allowed to this user`);
}
