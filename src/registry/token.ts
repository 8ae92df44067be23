import * as v from 'valibot';
import { Failure } from '../model/failure.ts';
import { answerFailure } from './answer-failure.ts';
import type { Trust } from './connections.ts';
import type { RegistryLimits } from './limits.ts';
import type { Credential } from './parse-auth-file.ts';
import { readBody } from './read-body.ts';
import { follow, trustOnly } from './redirect.ts';
import type { Send } from './send.ts';
import { parseJson, validate } from './validate.ts';

export interface TokenRequest {
  /** URL of the token server, from the challenge. */
  readonly realm: string;
  readonly service: string | undefined;
  /** `repository:PATH:pull` */
  readonly scope: string;
  readonly credential: Credential | undefined;
  /** How the registry is trusted. */
  readonly trust: Trust;
  /** Origin of the registry: its client certificate is for the token server too where that is the same. */
  readonly registry: URL;
}

export interface Token {
  readonly value: string;
  readonly expiresMs: number;
}

const minimumLifeS = 60;
const visible = v.pipe(v.string(), v.regex(/^[\x21-\x7e]+$/, 'a token'));
const schema = v.object({
  token: v.nullish(visible),
  access_token: v.nullish(visible),
  expires_in: v.nullish(v.pipe(v.number(), v.minValue(0))),
});

/**
 * Fetches a token: by GET, with Basic authentication where there is a password, or by an OAuth2 POST with an identity token
 * (distribution, docs "Token authentication" and "OAuth2").
 * @throws Failure `Authentication`, `BadContent`, and those of the exchange
 */
export async function fetchToken(
  send: Send,
  request: TokenRequest,
  parts: { readonly userAgent: string; readonly now: () => number; readonly limits: RegistryLimits },
  signal?: AbortSignal,
): Promise<Token> {
  const { service, scope, credential, registry } = request;
  const url = realmUrl(request);
  const what = `${registry.host}: token from ${url.host}`;
  const trust = url.origin === registry.origin ? request.trust : trustOnly(request.trust);
  const query = { ...(service ? { service } : {}), scope };
  const headers = { 'user-agent': parts.userAgent, accept: 'application/json' };
  let answer;
  if (credential?.identityToken === undefined) {
    if (credential?.username) url.searchParams.set('account', credential.username);
    for (const [name, value] of Object.entries(query)) url.searchParams.append(name, value);
    const authorization = credential === undefined ? {} : { authorization: basic(credential) };
    const get = { method: 'GET', url, headers: { ...headers, ...authorization }, trust, signal } as const;
    answer = await follow(send, get, parts.limits.redirects);
  } else {
    const form = new URLSearchParams({
      ...query,
      grant_type: 'refresh_token',
      client_id: 'bound-images',
      refresh_token: credential.identityToken,
    }).toString();
    const type = { 'content-type': 'application/x-www-form-urlencoded' };
    // Never redirected: the body is the credential.
    answer = await send({ method: 'POST', url, headers: { ...headers, ...type }, form, trust, signal });
  }
  if (answer.status !== 200) throw await answerFailure(answer, what, credential !== undefined, parts.now());
  const body = await readBody(answer, parts.limits.tokenBytes, what);
  const { token, access_token, expires_in } = validate(schema, parseJson(body.toString('utf8'), what), what);
  const value = token ?? access_token;
  if (value === undefined || value === null)
    throw new Failure('BadContent', `${what}: its answer holds no token`);
  return { value, expiresMs: parts.now() + Math.max(expires_in ?? 0, minimumLifeS) * 1_000 };
}

export function basic({ username, password }: Credential): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}

function realmUrl({ realm, trust, registry }: TokenRequest): URL {
  const url = URL.parse(realm);
  if (url === null || (url.protocol !== 'https:' && url.protocol !== 'http:'))
    throw new Failure('BadContent', `${registry.host}: its token server's address is no URL`);
  // A password must not go over the wire in the clear because a registry says so.
  if (url.protocol === 'http:' && !trust.insecure)
    throw new Failure(
      'BadContent',
      `${registry.host}: its token server at ${url.host} has no TLS, which is refused`,
    );
  url.username = '';
  url.password = '';
  return url;
}
