import type { Definition } from '../model/definition.ts';

/** What an OS image changes of what is bound, by one `Image=` string. */
export interface BoundChange {
  readonly image: string;
  /** `changed`: its repository is bound now, with another tag or digest; `dropped`: its repository is bound no more. */
  readonly change: 'new' | 'changed' | 'kept' | 'dropped';
}

/** What another OS image binds, against what is bound now; the dropped ones last. */
export function compareBoundSets(
  now: readonly Definition[],
  next: readonly Definition[],
): readonly BoundChange[] {
  const imagesNow = new Set(now.map(({ image }) => image));
  const repositoriesNow = new Set(now.map(repositoryOf));
  const repositoriesNext = new Set(next.map(repositoryOf));
  const changes = new Map<string, BoundChange>();
  for (const definition of next) {
    const { image } = definition;
    const isBound = repositoriesNow.has(repositoryOf(definition));
    changes.set(image, { image, change: imagesNow.has(image) ? 'kept' : isBound ? 'changed' : 'new' });
  }
  for (const definition of now) {
    const { image } = definition;
    if (!repositoriesNext.has(repositoryOf(definition))) changes.set(image, { image, change: 'dropped' });
  }
  return [...changes.values()];
}

function repositoryOf({ reference }: Definition): string {
  return `${reference.domain}/${reference.path}`;
}
