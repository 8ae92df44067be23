import type { IncomingMessage, RequestListener } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import type { Credential } from '../../src/registry/parse-auth-file.ts';
import type { RegistryParts } from '../../src/registry/registry.ts';
import { answerSample, fail, layerDescriptor, open, plain, platform, refer } from './sample.ts';
import { serve, type Served } from './serve.ts';

const ask = { platform, pull: plain };
const alice = { username: 'alice', password: 'pa:ss' };
const basicOfAlice = `Basic ${Buffer.from('alice:pa:ss').toString('base64')}`;

function withCredential(credential: Credential | undefined): Partial<RegistryParts> {
  return { credentials: async () => credential };
}

/** A registry that lets in who `allow` says, and challenges all others. */
function guarded(
  allow: (request: IncomingMessage) => boolean,
  challenge: () => string | string[],
): RequestListener {
  return (request, response) => {
    if (allow(request)) answerSample(request, response);
    else fail(response, 401, 'UNAUTHORIZED', { 'www-authenticate': challenge() });
  };
}

/** A token server that gives `token-1`, `token-2`, ... */
async function tokenServer(fields: object = {}): Promise<Served & { forms: string[] }> {
  const forms: string[] = [];
  let given = 0;
  const server = await serve((request, response) => {
    let form = '';
    request.on('data', (piece) => (form += piece));
    request.on('end', () => {
      if (form !== '') forms.push(form);
      given += 1;
      response.end(JSON.stringify({ token: `token-${given}`, expires_in: 300, ...fields }));
    });
  });
  return { ...server, forms };
}

test('answers Basic, and from then on unasked', async () => {
  const { host, asked } = await serve(
    guarded(
      (request) => request.headers.authorization === basicOfAlice,
      () => 'Basic realm="here"',
    ),
  );
  const { registry } = open(withCredential(alice));
  await registry.resolve(refer(host), ask);
  await registry.resolve(refer(host), ask);
  expect(asked).toEqual([
    'GET /v2/app/manifests/1',
    `GET /v2/app/manifests/1 ${basicOfAlice}`,
    `GET /v2/app/manifests/1 ${basicOfAlice}`,
  ]);
});

test('a wrong password is sent once, and appears in no message', async () => {
  const { host, asked } = await serve(
    guarded(
      () => false,
      () => 'Basic realm="here"',
    ),
  );
  const { registry } = open(withCredential(alice));
  const failure = String(await registry.resolve(refer(host), ask).catch((error: unknown) => error));
  expect(failure).toContain('log in again');
  expect(failure).not.toContain('pa:ss');
  expect(failure).not.toContain(basicOfAlice.slice(6));
  expect(asked).toHaveLength(2);
});

test('without a credential, says how to give one', async () => {
  const { host, asked } = await serve(
    guarded(
      () => false,
      () => 'Basic realm="here"',
    ),
  );
  const { registry } = open();
  await expect(registry.resolve(refer(host), ask)).rejects.toMatchObject({
    code: 'Authentication',
    message: expect.stringContaining('/etc/ostree/auth.json'),
  });
  expect(asked).toHaveLength(1);
});

test('gets a token for its own repository, and keeps it', async () => {
  const tokens = await tokenServer();
  const { host } = await serve(
    guarded(
      (request) => request.headers.authorization === 'Bearer token-1',
      () =>
        `Bearer realm="http://${tokens.host}/token?x=1",service="the, service",scope="repository:other:push"`,
    ),
  );
  const { registry } = open(withCredential(alice));
  const manifest = await registry.resolve(refer(host, 'app:all'), ask);
  await registry.config(refer(host, 'app:all'), manifest, { pull: plain });
  expect(tokens.asked).toEqual([
    `GET /token?x=1&account=alice&service=the%2C+service&scope=repository%3Aapp%3Apull ${basicOfAlice}`,
  ]);
});

test('is anonymous at the token server without a credential', async () => {
  const tokens = await tokenServer({ token: undefined, access_token: 'other' });
  const { host } = await serve(
    guarded(
      (request) => request.headers.authorization === 'Bearer other',
      () => `Bearer realm="http://${tokens.host}/"`,
    ),
  );
  const { registry } = open();
  await registry.resolve(refer(host), ask);
  expect(tokens.asked).toEqual(['GET /?scope=repository%3Aapp%3Apull']);
});

test('posts an identity token', async () => {
  const tokens = await tokenServer();
  const { host } = await serve(
    guarded(
      (request) => request.headers.authorization === 'Bearer token-1',
      () => `Bearer realm="http://${tokens.host}/",service="s"`,
    ),
  );
  const { registry } = open(withCredential({ username: 'x', password: 'y', identityToken: 'refresh&me' }));
  await registry.resolve(refer(host), ask);
  expect(tokens.asked).toEqual(['POST /']);
  expect(tokens.forms).toEqual([
    'service=s&scope=repository%3Aapp%3Apull&grant_type=refresh_token&client_id=bound-images&refresh_token=refresh%26me',
  ]);
});

test('an identity token is not sent on by a redirect', async () => {
  const elsewhere = await tokenServer();
  const tokens = await serve((_request, response) =>
    response.writeHead(307, { location: `http://${elsewhere.host}/` }).end(),
  );
  const { host } = await serve(
    guarded(
      () => false,
      () => `Bearer realm="http://${tokens.host}/"`,
    ),
  );
  const { registry } = open(withCredential({ username: '', password: '', identityToken: 'refresh' }));
  await expect(registry.resolve(refer(host), ask)).rejects.toMatchObject({ code: 'BadContent' });
  expect(elsewhere.asked).toEqual([]);
});

test('gets a new token when the one it has is refused in the middle', async () => {
  const tokens = await tokenServer();
  let valid = 'token-1';
  const { host, asked } = await serve(
    guarded(
      (request) => request.headers.authorization === `Bearer ${valid}`,
      () => `Bearer realm="http://${tokens.host}/"`,
    ),
  );
  const { registry } = open();
  await registry.resolve(refer(host), ask);
  valid = 'token-2';
  await buffer(await registry.blob(refer(host), layerDescriptor, { pull: plain }));
  expect(asked.slice(2)).toEqual([
    `GET /v2/app/blobs/${layerDescriptor.digest} Bearer token-1`,
    `GET /v2/app/blobs/${layerDescriptor.digest} Bearer token-2`,
  ]);
});

test('gets a new token when the old one has expired, a minute at the earliest', async () => {
  const tokens = await tokenServer({ expires_in: 1 });
  const { host } = await serve(
    guarded(
      (request) => request.headers.authorization?.startsWith('Bearer ') ?? false,
      () => `Bearer realm="http://${tokens.host}/"`,
    ),
  );
  let now = 0;
  const { registry } = open({ now: () => now });
  for (now of [0, 59_000, 61_000]) await registry.resolve(refer(host), ask);
  expect(tokens.asked).toHaveLength(2);
});

test('takes the first challenge that it can answer', async () => {
  const { host, asked } = await serve(
    guarded(
      (request) => request.headers.authorization === basicOfAlice,
      () => ['Negotiate abc==', 'Digest realm="a", nonce="b"', 'Basic realm="here"'],
    ),
  );
  const { registry } = open(withCredential(alice));
  await registry.resolve(refer(host), ask);
  expect(asked).toHaveLength(2);
});

test('asks the root of the API where the challenge is only there', async () => {
  const { host, asked } = await serve((request, response) => {
    if (request.headers.authorization === basicOfAlice) answerSample(request, response);
    else fail(response, 401, 'X', request.url === '/v2/' ? { 'www-authenticate': 'Basic realm="r"' } : {});
  });
  const { registry } = open(withCredential(alice));
  await registry.resolve(refer(host), ask);
  expect(asked[1]).toBe('GET /v2/');
});

const answers: [string, string, string][] = [
  ['not JSON', '<html>', 'BadContent'],
  ['no token', '{}', 'BadContent'],
  ['a token with a line break', '{"token":"a\\r\\nx: y"}', 'BadContent'],
  ['too much', `{"token":"${'x'.repeat(3000)}"}`, 'BadContent'],
];
test.each(answers)('a token server that answers %s is refused', async (_, text, code) => {
  const tokens = await serve((_request, response) => response.end(text));
  const { host } = await serve(
    guarded(
      () => false,
      () => `Bearer realm="http://${tokens.host}/"`,
    ),
  );
  const { registry } = open({}, { tokenBytes: 2000 });
  await expect(registry.resolve(refer(host), ask)).rejects.toMatchObject({ code });
});

test('a token server that refuses is named', async () => {
  const tokens = await serve((_request, response) => fail(response, 401));
  const { host } = await serve(
    guarded(
      () => false,
      () => `Bearer realm="http://${tokens.host}/"`,
    ),
  );
  const { registry } = open(withCredential(alice));
  await expect(registry.resolve(refer(host), ask)).rejects.toMatchObject({
    code: 'Authentication',
    message: expect.stringContaining(tokens.host),
  });
});

test.each(['nonsense', 'ftp://x/', '/relative', ''])('the realm %j is refused', async (realm) => {
  const { host } = await serve(
    guarded(
      () => false,
      () => `Bearer realm="${realm}"`,
    ),
  );
  const { registry } = open(withCredential(alice));
  await expect(registry.resolve(refer(host), ask)).rejects.toMatchObject({ code: 'BadContent' });
});

test('Creds= is for the registry of the name, and not for its mirror', async () => {
  const mirror = await serve(
    guarded(
      () => false,
      () => 'Basic realm="m"',
    ),
  );
  const { host, asked } = await serve(
    guarded(
      (request) => request.headers.authorization === basicOfAlice,
      () => 'Basic realm="here"',
    ),
  );
  const table = { insecure: true, blocked: false, prefix: host, location: host };
  const mirrors = [{ location: mirror.host, insecure: true, pullFromMirror: 'all' as const }];
  const { registry } = open({ config: { registries: [{ ...table, mirrors }], aliases: new Map() } });
  await registry.resolve(refer(host), { platform, pull: { creds: 'alice:pa:ss' } });
  expect(mirror.asked).toEqual(['GET /v2/app/manifests/1']);
  expect(asked).toHaveLength(2);
});
