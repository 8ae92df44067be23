import { posix } from 'node:path';
import type { PullOptions } from '../model/definition.ts';
import type { Problem } from '../model/problem.ts';
import { withoutSpecifiers } from './bootc-reading.ts';
import { containerKeys, imageKeys } from './known-keys.ts';
import { loadUnit, type LoadedUnit } from './load-unit.ts';
import { problem, shown, type Place, type ProblemCode } from '../model/problem-codes.ts';
import { sectionOf, type UnitType } from './pull-arguments.ts';
import { readPullOptions } from './pull-options.ts';
import type { QuadletFile } from './read-text.ts';
import type { Scan } from './remember-entries.ts';
import { lastAssignment, lookup, parseUnit, type Unit } from './unit-file.ts';
import type { UnitFolder } from './unit-folders.ts';

/** What podman would pull for a quadlet: after drop-ins, overrides in the search path, and the `.image` unit it refers to. */
export type EffectiveImage =
  | {
      readonly kind: 'image';
      readonly image: string;
      readonly file: string;
      readonly line: number;
      readonly pull: PullOptions;
      readonly problems: readonly Problem[];
      /** The `.image` unit that a `.container` names. */
      readonly unit?: string;
    }
  | {
      readonly kind: 'refused';
      readonly code: ProblemCode;
      readonly file: string;
      readonly line?: number | undefined;
      readonly reason: string;
      readonly problems: readonly Problem[];
    };

/** `fallback` is what the file is taken for where its own name does not tell. */
export async function readEffectiveImage(
  tree: Scan,
  folders: readonly UnitFolder[],
  quadlet: QuadletFile,
  fallback: UnitType,
): Promise<EffectiveImage> {
  // The unit's name is the one in the search path: app@1.container can be a link to app@.container.
  const inSearchPath = quadlet.trail.find((path) =>
    folders.some((folder) => folder.path === posix.dirname(path)),
  );
  const name = posix.basename(inSearchPath ?? quadlet.path);
  const loaded =
    inSearchPath === undefined ? fileAlone(quadlet) : await loadUnit(tree, folders, name, quadlet);
  const type = unitTypeOf(name) ?? fallback;
  return effectiveOf(tree, folders, loaded ?? fileAlone(quadlet), type, quadlet.path);
}

export function unitTypeOf(name: string): UnitType | undefined {
  const extension = posix.extname(name);
  return extension === '.image' ? 'image' : extension === '.container' ? 'container' : undefined;
}

/** A quadlet outside the search path is no unit to podman: nothing overrides it. */
function fileAlone(quadlet: QuadletFile): LoadedUnit {
  const parsed = parseUnit(quadlet.text, quadlet.path);
  return parsed.kind === 'unit'
    ? { ...parsed, problems: [] }
    : { ...parsed, code: 'quadlet-syntax', file: quadlet.path };
}

async function effectiveOf(
  tree: Scan,
  folders: readonly UnitFolder[],
  loaded: LoadedUnit,
  type: UnitType,
  file: string,
): Promise<EffectiveImage> {
  if (loaded.kind === 'refused') return { ...loaded, problems: [] };
  const { unit } = loaded;
  const section = sectionOf[type];
  const problems = [...loaded.problems, ...unknownKeys(unit, type)];
  const at = lastAssignment(unit, section, 'Image');
  const value = lookup(unit, section, 'Image') ?? '';
  if (at === undefined || value === '') {
    const reason = `no Image= in [${section}] is left after overrides and drop-ins`;
    return {
      kind: 'refused',
      code: 'quadlet-no-image',
      file: at?.file ?? file,
      line: at?.line,
      reason,
      problems,
    };
  }
  if (type === 'container') {
    if ((lookup(unit, section, 'Rootfs') ?? '') !== '')
      problems.push(
        problem('quadlet-rootfs', at, 'podman refuses a unit with both Image= and Rootfs=. Remove one.'),
      );
    if (value.endsWith('.image')) return referredImage(tree, folders, value, at, problems);
    if (value.endsWith('.build')) {
      const reason = `${shown(value)} is built on the host, it cannot be fetched. Bind an image that a registry has`;
      return { kind: 'refused', code: 'built-image', file: at.file, line: at.line, reason, problems };
    }
  }
  const image = withoutSpecifiers(value);
  if (image === undefined) {
    const reason =
      'Image= has a % specifier, which only a running systemd can expand. Write the name out, a % as %%';
    return { kind: 'refused', code: 'quadlet-specifier', file: at.file, line: at.line, reason, problems };
  }
  const options = readPullOptions(unit, type);
  problems.push(...options.problems);
  return { kind: 'image', image, file: at.file, line: at.line, pull: options.pull, problems };
}

/** `Image=NAME.image` of a container: podman pulls what that unit says, as it says. */
async function referredImage(
  tree: Scan,
  folders: readonly UnitFolder[],
  name: string,
  at: Place,
  problems: readonly Problem[],
): Promise<EffectiveImage> {
  const loaded = await loadUnit(tree, folders, name);
  if (loaded === undefined) {
    const reason = `the unit ${shown(name)} is in no folder that podman reads quadlets from. Add it, or name an image`;
    return { kind: 'refused', code: 'unit-not-found', file: at.file, line: at.line, reason, problems };
  }
  const effective = await effectiveOf(tree, folders, loaded, 'image', name);
  const all = [...problems, ...effective.problems];
  return effective.kind === 'image'
    ? { ...effective, unit: name, problems: all }
    : { ...effective, problems: all };
}

function unknownKeys(unit: Unit, type: UnitType): readonly Problem[] {
  const known = type === 'image' ? imageKeys : containerKeys;
  const seen = new Set<string>();
  return unit.flatMap((at) => {
    const isKnown =
      at.section === sectionOf[type]
        ? known.has(at.key)
        : at.section !== 'Quadlet' || at.key === 'DefaultDependencies';
    if (isKnown || seen.has(`${at.section} ${at.key}`)) return [];
    seen.add(`${at.section} ${at.key}`);
    const text = `the key ${shown(at.key)} in [${at.section}] is not known: podman refuses a unit with a key that it does not know. Correct or remove it.`;
    return [problem('quadlet-key', at, text)];
  });
}
