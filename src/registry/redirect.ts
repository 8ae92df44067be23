import { Failure } from '../model/failure.ts';
import type { Trust } from './connections.ts';
import type { Answer, Request, Send } from './send.ts';

const statuses = new Set([301, 302, 303, 307, 308]);
const noIdentities = new WeakMap<Trust, Trust>();

/**
 * Sends a GET or HEAD and follows at most `limit` redirects. What says who we are, Authorization and the client's certificate,
 * stays with the first origin: it is dropped at the first step away and does not come back.
 * @throws Failure `BadContent` for a redirect that is not to be followed, and what `send` throws
 */
export async function follow(send: Send, first: Request, limit: number): Promise<Answer> {
  let request = first;
  for (let step = 0; ; step += 1) {
    const answer = await send(request);
    const location = answer.header('location');
    if (!statuses.has(answer.status) || location === undefined) return answer;
    await answer.discard();
    if (step === limit)
      throw new Failure(
        'BadContent',
        `${first.url.host}: more than ${limit} redirects; is a proxy wrongly set up?`,
      );
    const url = redirectTarget(request.url, location, request.trust.insecure);
    request = url.origin === request.url.origin ? { ...request, url } : { ...withoutIdentity(request), url };
  }
}

/**
 * Where a Location header leads.
 * @param from the URL that answered
 * @param insecure whether the registry may be reached without TLS
 * @throws Failure `BadContent`; the location itself is not named: it may hold a signature
 */
export function redirectTarget(from: URL, location: string, insecure: boolean): URL {
  if (!URL.canParse(location, from.href))
    throw new Failure('BadContent', `${from.host}: redirects to something that is no URL`);
  const url = new URL(location, from);
  if (url.protocol !== 'https:' && url.protocol !== 'http:')
    throw new Failure('BadContent', `${from.host}: redirects to another protocol than HTTP`);
  if (from.protocol === 'https:' && url.protocol === 'http:' && !insecure)
    throw new Failure(
      'BadContent',
      `${from.host}: redirects from https to http at ${url.host}, which is refused`,
    );
  url.username = '';
  url.password = '';
  url.hash = '';
  return url;
}

function withoutIdentity(request: Request): Request {
  const { authorization: _, ...headers } = request.headers;
  return { ...request, headers, trust: trustOnly(request.trust) };
}

/** The same trust in servers, and no certificate of ours. */
export function trustOnly(trust: Trust): Trust {
  if (trust.certificates.identities.length === 0) return trust;
  const bare = noIdentities.get(trust) ?? {
    insecure: trust.insecure,
    certificates: { authorities: trust.certificates.authorities, identities: [] },
  };
  noIdentities.set(trust, bare);
  return bare;
}
