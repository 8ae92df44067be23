import pLimit from 'p-limit';
import type { BoundSet } from '../model/definition.ts';
import { asFailure, Failure } from '../model/failure.ts';
import { wantsOf } from '../plan/want.ts';
import type { Access } from '../prefetch/access.ts';
import { collectImage, type Collected, type CollectOptions } from './plan.ts';
import type { MirrorSource } from './source.ts';

const asksAtOnce = 3;

/** What is bound, and attached to it. @throws Failure of the first image that cannot be had, which names all of those */
export async function collectBound(
  { definitions }: BoundSet,
  access: Access,
  source: MirrorSource,
  options: CollectOptions,
): Promise<Collected[]> {
  const limit = pLimit(asksAtOnce);
  const { authFile } = access.pullOfOsImage;
  const { wants } = wantsOf(definitions);
  const failures: Failure[] = [];
  const found = await Promise.all(
    wants.map((want) =>
      limit(async () => {
        // Files that a quadlet names are of the host that it is for.
        const { tlsVerify, creds, arch } = want.pull;
        const pull = {
          ...(authFile === undefined ? {} : { authFile }),
          ...(tlsVerify === undefined ? {} : { tlsVerify }),
          ...(creds === undefined ? {} : { creds }),
        };
        // Arch= says which one is meant, whatever the hosts are.
        const isOther = arch !== undefined && options.architectures.length > 0;
        const asked = isOther ? { ...options, architectures: [arch] } : options;
        try {
          return await collectImage('bound', want.reference, pull, source, asked);
        } catch (error) {
          const failure = asFailure(error);
          if (failure.code === 'Internal' || failure.code === 'Cancelled') throw error;
          failures.push(new Failure(failure.code, `${want.image}: ${failure.message}`, { cause: failure }));
          return [];
        }
      }),
    ),
  );
  const [first, ...others] = failures;
  if (first === undefined) return found.flat();
  throw new Failure(first.code, [first, ...others].map(({ message }) => message).join('\n'), {
    cause: first,
  });
}
