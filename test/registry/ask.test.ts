import { expect, test } from 'vitest';
import { createAsk, type Target } from '../../src/registry/ask.ts';
import { defaultLimits } from '../../src/registry/limits.ts';
import type { Answer, Send } from '../../src/registry/send.ts';
import { Failure } from '../../src/model/failure.ts';

const target: Target = {
  domain: 'registry.test',
  path: 'app',
  credential: undefined,
  trust: { insecure: true, certificates: { authorities: [], identities: [] } },
};

test('of two questions at once to a registry of plain HTTP, the one that hears so later goes on by HTTP too', async () => {
  const answered = Promise.withResolvers<void>();
  let overTls = 0;
  const send: Send = async ({ url }) => {
    if (url.protocol === 'http:') return { status: 200, url, header: () => undefined } as unknown as Answer;
    overTls += 1;
    // The second refusal comes when the first question has had its answer by HTTP.
    if (overTls === 2) await answered.promise;
    throw new Failure('BadConfiguration', 'it does not speak TLS');
  };
  const authorizer = { known: async () => undefined, answer: async () => undefined };
  const ask = createAsk(send, authorizer, { userAgent: 'test', now: Date.now, limits: defaultLimits });
  const question = { method: 'GET', resource: 'manifests/1', headers: {} } as const;
  const first = ask(target, question).finally(answered.resolve);
  const second = ask(target, question);
  expect([(await first).status, (await second).status]).toEqual([200, 200]);
});
