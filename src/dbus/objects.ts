import type { HostAgent, Job } from '../model/host-agent.ts';
import type { ImageState } from '../model/host-state.ts';
import { type ManagerFacts, imageProperties, jobProperties, managerProperties } from './describe.ts';
import { imagePath, imagesPath, jobIdOf, jobPath, jobsPath, rootPath } from './object-path.ts';
import type { Property } from './parse-interfaces.ts';
import { type Dictionary, type Value, type Variant, variant } from './value.ts';

export const managerInterface = 'org.boundimages1.Manager';
export const imageInterface = 'org.boundimages1.Image';
export const jobInterface = 'org.boundimages1.Job';

/** What stands at a path. A folder has only what every object has. */
export type BusObject =
  | { readonly kind: 'manager' }
  | { readonly kind: 'image'; readonly image: ImageState }
  | { readonly kind: 'job'; readonly job: Job }
  | { readonly kind: 'folder'; readonly children: () => readonly string[] };

export interface Objects {
  readonly find: (path: string) => BusObject | undefined;
  /** The properties of the interface that an object has of its own. */
  readonly properties: (object: BusObject) => ReadonlyMap<string, Value>;
}

/** The tree of objects over an agent's present state and jobs. */
export function createObjects(agent: HostAgent, facts: Pick<ManagerFacts, 'version' | 'features'>): Objects {
  let indexed: { of: readonly ImageState[]; byPath: ReadonlyMap<string, ImageState> } | undefined;
  const images = (): ReadonlyMap<string, ImageState> => {
    const { images: of } = agent.state();
    if (indexed?.of !== of)
      indexed = { of, byPath: new Map(of.map((image) => [imagePath(image.reference), image])) };
    return indexed.byPath;
  };
  const folders = new Map<string, () => readonly string[]>([
    ['/', () => ['org']],
    ['/org', () => ['boundimages1']],
    [imagesPath, () => [...images().keys()].map(lastPart)],
    [jobsPath, () => agent.jobs().map(({ id }) => String(id))],
  ]);

  const find = (path: string): BusObject | undefined => {
    if (path === rootPath) return { kind: 'manager' };
    const children = folders.get(path);
    if (children !== undefined) return { kind: 'folder', children };
    const image = images().get(path);
    if (image !== undefined) return { kind: 'image', image };
    const id = jobIdOf(path);
    const job = agent.jobs().find((job) => job.id === id && jobPath(job.id) === path);
    return job === undefined ? undefined : { kind: 'job', job };
  };
  const properties = (object: BusObject): ReadonlyMap<string, Value> => {
    switch (object.kind) {
      case 'manager':
        return managerProperties({ ...facts, state: agent.state(), jobs: agent.jobs() });
      case 'image':
        return imageProperties(object.image);
      case 'job':
        return jobProperties(object.job);
      case 'folder':
        return new Map();
    }
  };
  return { find, properties };
}

/** The interface of an object's own, if it has one. */
export function interfaceOf({ kind }: BusObject): string | undefined {
  switch (kind) {
    case 'manager':
      return managerInterface;
    case 'image':
      return imageInterface;
    case 'job':
      return jobInterface;
    case 'folder':
      return undefined;
  }
}

/** Values as a{sv} carries them, in the types that the interface gives them. */
export function asDictionary(
  values: ReadonlyMap<string, Value>,
  types: ReadonlyMap<string, Property>,
): Dictionary {
  const entries = Array.from(values, ([name, value]): [string, Variant] => [
    name,
    variant(types.get(name)?.type ?? '', value),
  ]);
  return new Map(entries);
}

function lastPart(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
