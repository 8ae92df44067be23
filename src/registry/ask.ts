import { Failure } from '../model/failure.ts';
import { answerFailure } from './answer-failure.ts';
import type { Authorizer, Subject } from './authorize.ts';
import type { Trust } from './connections.ts';
import type { RegistryLimits } from './limits.ts';
import type { Credential } from './parse-auth-file.ts';
import { follow } from './redirect.ts';
import type { Answer, Send } from './send.ts';

/** An endpoint with all that is needed to ask it. */
export interface Target {
  readonly domain: string;
  readonly path: string;
  readonly credential: Credential | undefined;
  readonly trust: Trust;
}

interface Question {
  readonly method: 'GET' | 'HEAD';
  /** Below the repository: `manifests/TAG`, `blobs/DIGEST`. */
  readonly resource: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Statuses that the caller makes something of, besides 200 and 206. */
  readonly also?: readonly number[];
  readonly signal?: AbortSignal | undefined;
}

/** @returns the answer, of status 200, 206 or one of `also`. @throws Failure of whatever else came */
export type Ask = (target: Target, question: Question) => Promise<Answer>;

export function createAsk(
  send: Send,
  authorizer: Authorizer,
  parts: { readonly userAgent: string; readonly now: () => number; readonly limits: RegistryLimits },
): Ask {
  const schemes = new Map<string, 'https' | 'http'>();

  const askOver = async (scheme: string, target: Target, question: Question): Promise<Answer> => {
    const origin = new URL(`${scheme}://${hostOf(target.domain)}`);
    const subject: Subject = { ...target, origin };
    const { method, signal } = question;
    const url = new URL(`/v2/${target.path}/${question.resource}`, origin);
    const request = (authorization: string | undefined): Promise<Answer> => {
      const headers = {
        'user-agent': parts.userAgent,
        ...question.headers,
        ...(authorization === undefined ? {} : { authorization }),
      };
      return follow(send, { method, url, headers, trust: target.trust, signal }, parts.limits.redirects);
    };
    const first = await authorizer.known(subject, signal);
    let answer = await request(first);
    // A challenge of a server that we were redirected to is not for our credentials.
    if (answer.status === 401 && answer.url.origin === origin.origin) {
      const challenge = answer.header('www-authenticate') ?? (await challengeOf(subject, signal));
      const second = challenge && (await authorizer.answer(subject, challenge, first, signal));
      if (second) {
        await answer.discard();
        answer = await request(second);
      }
    }
    schemes.set(target.domain, scheme === 'http' ? 'http' : 'https');
    if ([200, 206, ...(question.also ?? [])].includes(answer.status)) return answer;
    const what = `${target.domain}/${target.path}, ${question.resource}`;
    throw await answerFailure(answer, what, target.credential !== undefined, parts.now());
  };

  /** Some registries challenge at the API's root alone (distribution-spec, end-1). */
  const challengeOf = async (
    subject: Subject,
    signal: AbortSignal | undefined,
  ): Promise<string | undefined> => {
    const url = new URL('/v2/', subject.origin);
    const headers = { 'user-agent': parts.userAgent };
    const answer = await send({ method: 'GET', url, headers, trust: subject.trust, signal });
    await answer.discard();
    return answer.status === 401 ? answer.header('www-authenticate') : undefined;
  };

  return async (target, question) => {
    const scheme = schemes.get(target.domain);
    if (!target.trust.insecure) return askOver('https', target, question);
    if (scheme !== undefined) return askOver(scheme, target, question);
    try {
      return await askOver('https', target, question);
    } catch (error) {
      // It spoke TLS to us: what it answered stands. Another question may have found meanwhile that it does not.
      const spoke = schemes.get(target.domain) === 'https';
      if (spoke || (error instanceof Failure && error.code === 'Cancelled')) throw error;
      return askOver('http', target, question);
    }
  };
}

/** docker.io is a name of images alone; its registry is on another host. */
function hostOf(domain: string): string {
  return domain === 'docker.io' ? 'registry-1.docker.io' : domain;
}
