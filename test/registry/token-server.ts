import { randomUUID, sign, X509Certificate } from 'node:crypto';
import type { Authority } from './authority.ts';
import { serve, type Served } from './serve.ts';

/** A token server as docker-registry's `auth.token` expects it, which lets one user pull, and signs with an authority's key. */
export interface TokenServer extends Served {
  /** Of whose key tokens are from now on. */
  signer: Authority;
}

export const issuer = 'test issuer';
export const service = 'test registry';

export async function startTokenServer(signer: Authority, user: string): Promise<TokenServer> {
  const allowed = `Basic ${Buffer.from(user).toString('base64')}`;
  const served = await serve((request, response) => {
    if (request.headers.authorization !== allowed) {
      response.writeHead(401).end();
      return;
    }
    const asked = new URL(request.url ?? '', 'http://x').searchParams.get('scope') ?? '';
    const [type, name, actions = ''] = asked.split(':');
    const access = [{ type, name, actions: actions.split(',').filter((action) => action === 'pull') }];
    response.end(
      JSON.stringify({ token: token(server.signer, user.split(':', 1)[0] ?? '', access), expires_in: 300 }),
    );
  });
  const server: TokenServer = { ...served, signer };
  return server;
}

/** A JSON Web Token (RFC 7519) with the signer's certificate in it (RFC 7515, `x5c`). */
function token(signer: Authority, subject: string, access: object): string {
  const nowS = Math.floor(Date.now() / 1000);
  const certificate = new X509Certificate(signer.server.cert).raw.toString('base64');
  const claims = {
    iss: issuer,
    sub: subject,
    aud: service,
    iat: nowS - 5,
    nbf: nowS - 5,
    exp: nowS + 300,
    jti: randomUUID(),
    access,
  };
  const parts = [{ typ: 'JWT', alg: 'ES256', x5c: [certificate] }, claims];
  const text = parts.map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
  const signature = sign('sha256', Buffer.from(text), { key: signer.server.key, dsaEncoding: 'ieee-p1363' });
  return `${text}.${signature.toString('base64url')}`;
}
