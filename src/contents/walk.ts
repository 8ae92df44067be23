import { emptyFolder, putChild, type FolderNode } from './layer-tree.ts';

/** As Linux (path_resolution(7)): more links than that are taken for a loop. */
const linkLimit = 40;

interface Step {
  readonly name: string;
  readonly folder: FolderNode;
}

export type Walked =
  | { readonly kind: 'folder'; readonly folder: FolderNode; readonly path: string }
  /** `path` is where the links lead; the folder of its last component may be missing as well. */
  | { readonly kind: 'missing'; readonly path: string }
  /** Something that is no folder stands at `path`. */
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'loop' };

/** Follows a path with every link in it, inside the root: `..` never leaves it. */
export function walk(root: FolderNode, path: string): Walked {
  return walkFrom(root, path, false);
}

/**
 * The same, but folders that are not there are made, and a file on the way is replaced by one: most folders are not among
 * what is remembered of layers, so an entry's own path is the only word of them.
 */
export function walkMaking(root: FolderNode, path: string): Exclude<Walked, { kind: 'missing' | 'file' }> {
  const walked = walkFrom(root, path, true);
  return walked.kind === 'folder' ? walked : { kind: 'loop' };
}

function walkFrom(root: FolderNode, path: string, makes: boolean): Walked {
  let trail: readonly Step[] = [];
  let pending = path.split('/');
  let links = 0;
  for (let name = pending.shift(); name !== undefined; name = pending.shift()) {
    if (name === '' || name === '.') continue;
    if (name === '..') {
      trail = trail.slice(0, -1);
      continue;
    }
    const here = trail.at(-1)?.folder ?? root;
    const child = here.children.get(name)?.node;
    if (child?.kind === 'link') {
      links += 1;
      if (links > linkLimit) return { kind: 'loop' };
      if (child.target.startsWith('/')) trail = [];
      pending = [...child.target.split('/'), ...pending];
    } else if (child?.kind === 'folder') {
      trail = [...trail, { name, folder: child }];
    } else if (makes) {
      const folder = emptyFolder();
      putChild(here, pathOf(trail), name, folder);
      trail = [...trail, { name, folder }];
    } else {
      const at = [...trail.map((step) => step.name), name, ...pending.filter((each) => each !== '')].join(
        '/',
      );
      return { kind: child === undefined || pending.length > 0 ? 'missing' : 'file', path: at };
    }
  }
  return { kind: 'folder', folder: trail.at(-1)?.folder ?? root, path: pathOf(trail) };
}

function pathOf(trail: readonly Step[]): string {
  return trail.map(({ name }) => name).join('/');
}
