import { afterAll } from 'vitest';
import { type Registry, startRegistry } from '../support/registry.ts';
import { allowPlainHttp } from './scene.ts';

/** A registry of loopback that this host reaches with plain HTTP, from now to the end of the test file. */
export async function openRegistry(): Promise<Registry> {
  const plainHttp = await allowPlainHttp();
  const registry = await startRegistry();
  afterAll(async () => {
    await registry[Symbol.asyncDispose]();
    await plainHttp[Symbol.asyncDispose]();
  });
  return registry;
}
