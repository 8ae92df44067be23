import * as v from 'valibot';
import { Failure } from '../model/failure.ts';
import { readBody } from './read-body.ts';
import { parseRetryAfter } from './retry.ts';
import type { Answer } from './send.ts';

// OCI distribution-spec "Error codes". The message beside it is not passed on: it is free text of the server's.
const errors = v.object({ errors: v.array(v.object({ code: v.string() })) });
const limitBytes = 64 * 1024;

/**
 * The failure that an HTTP status other than success is.
 * @param what names the registry and what was asked of it
 * @param known whether a credential was there
 */
export async function answerFailure(
  answer: Answer,
  what: string,
  known: boolean,
  nowMs: number,
): Promise<Failure> {
  const code = await errorCode(answer);
  const said = `HTTP ${answer.status}${code === undefined ? '' : ` ${code}`}`;
  switch (answer.status) {
    case 401:
    case 403:
      return new Failure(
        'Authentication',
        known
          ? `${what}: refused with the credential that is configured (${said}); log in again, or ask for access`
          : `${what}: refused, and no credential is configured for it (${said}); log in with --authfile /etc/ostree/auth.json, and check the name`,
      );
    case 404:
    case 410:
      return new Failure('NotFound', `${what}: not found (${said}); check the name and the tag`);
    case 407:
      return new Failure('Authentication', `${what}: the proxy wants a login (${said}); check HTTPS_PROXY`);
    default:
      break;
  }
  if (answer.status === 408 || answer.status === 429 || answer.status >= 500) {
    const retryAfterMs = parseRetryAfter(answer.header('retry-after'), nowMs);
    return new Failure(
      'Transient',
      `${what}: the server cannot answer now (${said}); try again later`,
      retryAfterMs === undefined ? {} : { retryAfterMs },
    );
  }
  return new Failure('BadContent', `${what}: an answer that makes no sense here (${said})`);
}

async function errorCode(answer: Answer): Promise<string | undefined> {
  try {
    const body: unknown = JSON.parse((await readBody(answer, limitBytes, 'error')).toString('utf8'));
    const parsed = v.safeParse(errors, body);
    const code = parsed.success ? parsed.output.errors[0]?.code : undefined;
    return code !== undefined && /^[A-Z_]{1,40}$/.test(code) ? code : undefined;
  } catch {
    // The status says enough.
    return undefined;
  }
}
