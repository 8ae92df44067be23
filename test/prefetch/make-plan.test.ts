import { describe, expect, it } from 'vitest';
import { makePlan, type Resolve } from '../../src/prefetch/make-plan.ts';
import { surveyOf } from '../../src/prefetch/survey.ts';
import { Failure } from '../../src/model/failure.ts';
import type { StoredImage } from '../../src/model/inventory.ts';
import type { PullOptions } from '../../src/model/definition.ts';
import { definition, inventory, manifest, storedImage, storedLayer } from '../support/samples.ts';

const signal = new AbortController().signal;
const app = 'example.com/app:1';
const registry: Resolve = async ({ image }) => manifest(image, { base: 100, [image]: 1 });
const down: Resolve = async () => {
  throw new Failure('Transient', 'the registry is down');
};

function survey(images: Readonly<Record<string, PullOptions>>, stored: readonly StoredImage[] = []) {
  const definitions = Object.entries(images).map(([image, pull]) => definition(image, pull));
  return surveyOf({ definitions, problems: [] }, inventory(stored, [storedLayer('base')]));
}

describe('makePlan', () => {
  it('asks no registry where everything is present', async () => {
    const plan = await makePlan(survey({ [app]: {} }, [storedImage(app)]), down, signal);
    expect(plan).toMatchObject({ pulls: [], unresolved: [], kept: [{ want: { image: app } }] });
  });

  it('pulls what is missing, without the layers that the store has', async () => {
    const plan = await makePlan(survey({ [app]: {} }), registry, signal);
    expect(plan.pulls.map(({ reason, missing }) => [reason, missing.size])).toEqual([['missing', 1]]);
    expect(plan.cost.bytesToFetch).toBe(1 + 15);
  });

  it('plans the others where one cannot be resolved', async () => {
    const other = 'example.com/gone:1';
    const partly: Resolve = async (want, signal) =>
      want.image === other ? down(want, signal) : registry(want, signal);
    const plan = await makePlan(survey({ [other]: {}, [app]: {} }), partly, signal);
    expect(plan.pulls.map(({ want }) => want.image)).toEqual([app]);
    expect(plan.unresolved.map(({ want, failure }) => [want.image, failure.code])).toEqual([
      [other, 'Transient'],
    ]);
  });

  it('does not pull what Policy=never forbids', async () => {
    const plan = await makePlan(survey({ [app]: { policy: 'never' } }), registry, signal);
    expect(plan.unresolved[0]?.failure.message).toContain('Policy=never');
  });

  describe.each(['always', 'newer'] as const)('with Policy=%s', (policy) => {
    it('keeps a floating tag that still means what is stored', async () => {
      const plan = await makePlan(survey({ [app]: { policy } }, [storedImage(app)]), registry, signal);
      expect(plan.kept).toHaveLength(1);
    });

    it('pulls a floating tag that has moved', async () => {
      const moved: Resolve = async () => manifest('newer', { newer: 5 });
      const plan = await makePlan(survey({ [app]: { policy } }, [storedImage(app)]), moved, signal);
      expect(plan.pulls.map(({ reason }) => reason)).toEqual(['newer']);
    });

    it('keeps what is present while the registry is down, and tells', async () => {
      const plan = await makePlan(survey({ [app]: { policy } }, [storedImage(app)]), down, signal);
      expect(plan.kept.map(({ refreshFailure }) => refreshFailure?.code)).toEqual(['Transient']);
    });
  });

  it('ends at once when it is cancelled', async () => {
    const cancelled = AbortSignal.abort();
    await expect(makePlan(survey({ [app]: {} }), registry, cancelled)).rejects.toMatchObject({
      name: 'AbortError',
    });
  });
});
