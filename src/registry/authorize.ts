import type { Trust } from './connections.ts';
import type { RegistryLimits } from './limits.ts';
import { parseAuthenticate, type Challenge } from './parse-authenticate.ts';
import type { Credential } from './parse-auth-file.ts';
import type { Send } from './send.ts';
import { basic, fetchToken, type Token } from './token.ts';

/** Whom a request is authorized for. */
export interface Subject {
  /** Origin of the registry. */
  readonly origin: URL;
  /** Repository. */
  readonly path: string;
  readonly credential: Credential | undefined;
  readonly trust: Trust;
}

export interface Authorizer {
  /** The header for a registry that has asked for one before; undefined where none did. */
  known(subject: Subject, signal?: AbortSignal): Promise<string | undefined>;
  /**
   * The header that answers a challenge; undefined where nothing can be answered.
   * @param refused the header that the registry has just turned down: it is not given again
   */
  answer(
    subject: Subject,
    wwwAuthenticate: string,
    refused: string | undefined,
    signal?: AbortSignal,
  ): Promise<string | undefined>;
}

/** Keeps challenges by registry, and tokens by realm, service, scope and credential, in memory alone. */
export function createAuthorizer(
  send: Send,
  parts: { readonly userAgent: string; readonly now: () => number; readonly limits: RegistryLimits },
): Authorizer {
  const challenges = new Map<string, Challenge>();
  const tokens = new Map<string, Promise<Token>>();

  const bearer = async (
    subject: Subject,
    { parameters }: Challenge,
    refused: string | undefined,
    signal: AbortSignal | undefined,
  ): Promise<string | undefined> => {
    const realm = parameters.get('realm');
    if (realm === undefined) return undefined;
    const service = parameters.get('service');
    // Our own scope, whatever the challenge asks for: a registry must not get a token for more than this pull.
    const scope = `repository:${subject.path}:pull`;
    const { credential, trust, origin } = subject;
    const key = JSON.stringify([origin.origin, realm, service, scope, credential ?? null, trust.insecure]);
    const fresh = async (): Promise<Token> => {
      const request = fetchToken(
        send,
        { realm, service, scope, credential, trust, registry: origin },
        parts,
        signal,
      );
      tokens.set(key, request);
      try {
        return await request;
      } catch (error) {
        tokens.delete(key);
        throw error;
      }
    };
    // One of ours that failed or was cancelled says nothing about another's try.
    const kept = await tokens.get(key)?.catch(() => undefined);
    const usable = kept !== undefined && kept.expiresMs > parts.now() && `Bearer ${kept.value}` !== refused;
    return `Bearer ${(usable ? kept : await fresh()).value}`;
  };

  const respond = async (
    subject: Subject,
    challenge: Challenge,
    refused: string | undefined,
    signal: AbortSignal | undefined,
  ): Promise<string | undefined> => {
    if (challenge.scheme === 'bearer') return bearer(subject, challenge, refused, signal);
    if (challenge.scheme !== 'basic' || !subject.credential?.username) return undefined;
    const header = basic(subject.credential);
    return header === refused ? undefined : header;
  };

  return {
    async known(subject, signal) {
      const challenge = challenges.get(subject.origin.origin);
      return challenge === undefined ? undefined : respond(subject, challenge, undefined, signal);
    },
    async answer(subject, wwwAuthenticate, refused, signal) {
      for (const challenge of parseAuthenticate(wwwAuthenticate)) {
        const header = await respond(subject, challenge, refused, signal);
        if (header === undefined) continue;
        challenges.set(subject.origin.origin, challenge);
        return header;
      }
      return undefined;
    },
  };
}
