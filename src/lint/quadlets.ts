import { posix } from 'node:path';
import type { Quadlet } from '../bundle/quadlet.ts';
import { unitTypeOf } from '../definitions/effective-image.ts';
import { loadUnit } from '../definitions/load-unit.ts';
import { sectionOf, type UnitType, unitCommand } from '../definitions/pull-arguments.ts';
import { readText } from '../definitions/read-text.ts';
import { resolve } from '../definitions/resolve.ts';
import { findUnit, findUnitFolders } from '../definitions/unit-folders.ts';
import { lastAssignment, lookup, parseUnit, type Unit } from '../definitions/unit-file.ts';
import type { Definition } from '../model/definition.ts';
import type { Tree } from '../model/tree.ts';

/** More than any OS image has by a factor of a hundred; what comes after is not read. */
const unitLimit = 10_000;

/**
 * Every `.image` and `.container` that podman makes a unit of, bound or not, and files that are bound from elsewhere. What cannot be
 * parsed is left out: where it is bound, it is a problem of its definition.
 */
export async function readQuadlets(tree: Tree, definitions: readonly Definition[]): Promise<Quadlet[]> {
  const folders = await findUnitFolders(tree);
  const names = new Set(folders.flatMap((folder) => [...folder.names]));
  const quadlets: Quadlet[] = [];
  for (const name of [...names].sort().slice(0, unitLimit)) {
    const type = unitTypeOf(name);
    const [path] = findUnit(folders, name);
    if (type === undefined || path === undefined) continue;
    const [loaded, main] = [await loadUnit(tree, folders, name), await resolve(tree, path)];
    if (loaded?.kind !== 'unit' || main.kind !== 'file') continue;
    quadlets.push(quadletOf(loaded.unit, type, name, main.path));
  }
  const read = new Set(quadlets.map(({ file }) => file));
  for (const { entry, file } of definitions) {
    const type = unitTypeOf(entry);
    if (read.has(file) || type === undefined) continue;
    read.add(file);
    quadlets.push(...(await readAlone(tree, file, type)));
  }
  return quadlets;
}

/** The quadlets that lie in a folder that is no root, as beside a Containerfile that copies them. */
export async function readLooseQuadlets(tree: Tree): Promise<Quadlet[]> {
  const { names } = await tree.list('/');
  const read = names.slice(0, unitLimit).map(async (name) => {
    const type = unitTypeOf(name);
    return type === undefined ? [] : readAlone(tree, `/${name}`, type);
  });
  return (await Promise.all(read)).flat();
}

async function readAlone(tree: Tree, path: string, type: UnitType): Promise<Quadlet[]> {
  const read = await readText(tree, path);
  if (read.kind === 'refused') return [];
  const parsed = parseUnit(read.text, read.path);
  return parsed.kind === 'unit' ? [quadletOf(parsed.unit, type, posix.basename(path), read.path)] : [];
}

function quadletOf(unit: Unit, type: UnitType, name: string, file: string): Quadlet {
  const section = sectionOf[type];
  const image = lastAssignment(unit, section, 'Image');
  const value = lookup(unit, section, 'Image') ?? '';
  const pull = lastAssignment(unit, section, 'Pull');
  return {
    type,
    name,
    file,
    image: image === undefined || value === '' ? undefined : { value, file: image.file, line: image.line },
    stores: storesOf(unit, type),
    pullsAlways: pull !== undefined && lookup(unit, section, 'Pull') === 'always' ? pull : undefined,
    pullsMissing: /^(?:missing|newer|never)$/.test(lookup(unit, section, 'Policy') ?? ''),
    firstLine: unit.find((each) => each.section === section && each.file === file)?.line,
  };
}

/** `--storage-opt=[DRIVER.]additionalimagestore=PATH`, in one word or in two (podman(1), storage.conf(5)). */
function storesOf(unit: Unit, type: UnitType): Quadlet['stores'] {
  const { global } = unitCommand(unit, type);
  return global.flatMap(({ word, at }, index) => {
    const option =
      word === '--storage-opt' ? global[index + 1]?.word : /^--storage-opt=(.*)$/s.exec(word)?.[1];
    const path = /^(?:\w+\.)?additionalimagestore=(.+)$/s.exec(option ?? '')?.[1];
    return path === undefined ? [] : [{ path, file: at.file, line: at.line }];
  });
}
