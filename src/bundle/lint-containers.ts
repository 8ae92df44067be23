import type { Definition } from '../model/definition.ts';
import { shown } from '../model/problem-codes.ts';
import { type Finding, finding } from './finding.ts';
import type { Quadlet } from './quadlet.ts';

/** Which store bound images are in: bootc's, or one of our own, as on its composefs backend (`store.mode`). */
export type StoreMode = 'bootc' | 'own';

export interface StoresOfRoot {
  /** Undefined where neither the root nor its reader says. */
  readonly mode: StoreMode | undefined;
  /** `additionalimagestores` of the root's storage.conf: what every podman there looks into. */
  readonly configured: readonly string[];
}

/** The path that quadlets name, first, and what else is the same folder on a host. */
const storePaths = {
  bootc: ['/usr/lib/bootc/storage', '/sysroot/ostree/bootc/storage'],
  own: ['/usr/lib/bound-images/storage', '/var/lib/bound-images/storage'],
} as const satisfies Record<StoreMode, readonly string[]>;
const allStorePaths: readonly string[] = Object.values(storePaths).flat();

/** Whether the units that run bound images find them. Pure. */
export function lintContainers(
  definitions: readonly Definition[],
  quadlets: readonly Quadlet[],
  stores: StoresOfRoot,
): Finding[] {
  const bound = new Set(definitions.map(({ image }) => image));
  const boundFiles = new Set(definitions.flatMap(({ file, imageFile }) => [file, imageFile]));
  const imageUnits = new Map(
    quadlets.filter(({ type }) => type === 'image').map((unit) => [unit.name, unit]),
  );
  const findings: Finding[] = [];
  const named = new Set<Quadlet>();
  for (const container of quadlets.filter(({ type }) => type === 'container')) {
    const unit = imageUnits.get(container.image?.value ?? '');
    const image = (unit ?? container).image?.value.replaceAll('%%', '%');
    const isBound = boundFiles.has(container.file) || (image !== undefined && bound.has(image));
    if (!isBound) {
      findings.push(...lintUnbound(container, image, stores));
      continue;
    }
    findings.push(...lintStore(container, stores));
    if (container.pullsAlways !== undefined) {
      const text =
        'Pull=always asks the registry at each start, and fails without network. Take it out: the image is bound.';
      findings.push(finding('pull-always', container.pullsAlways, text));
    }
    if (unit !== undefined && !named.has(unit)) {
      named.add(unit);
      findings.push(...lintStore(unit, stores), ...lintImageUnit(unit, container, image ?? ''));
    }
  }
  return findings;
}

function lintStore(unit: Quadlet, { mode, configured }: StoresOfRoot): Finding[] {
  const right: readonly string[] = mode === undefined ? allStorePaths : storePaths[mode];
  if ([...configured, ...unit.stores.map(({ path }) => path)].some((path) => right.includes(trimSlash(path))))
    return [];
  const [wanted] = storePaths[mode ?? 'bootc'];
  const argument = `--storage-opt=additionalimagestore=${wanted}`;
  const [wrong] = unit.stores;
  if (wrong !== undefined) {
    const isOthers = allStorePaths.includes(wrong.path);
    const text = `the unit looks for its image in ${shown(wrong.path)}, but bound images are in ${wanted}. Write ${argument}.`;
    const edit = {
      kind: 'replace',
      file: wrong.file,
      line: wrong.line,
      from: wrong.path,
      to: wanted,
    } as const;
    return [finding('wrong-store', wrong, text, isOthers ? [edit] : undefined)];
  }
  const section = unit.type === 'image' ? '[Image]' : '[Container]';
  const text =
    `podman does not look into the store of bound images for this unit: it pulls the image again, and fails without network. ` +
    `Add GlobalArgs=${argument} to ${section}.`;
  const line = `GlobalArgs=${argument}`;
  const { image, file, firstLine } = unit;
  const edits =
    image?.file === file
      ? [{ kind: 'insert-after', file, line: image.line, text: line } as const]
      : firstLine === undefined
        ? undefined
        : [{ kind: 'insert-before', file, line: firstLine, text: line } as const];
  return [finding('no-store', { file, line: image?.file === file ? image.line : undefined }, text, edits)];
}

/** It names a store of bound images, and somebody forgot the link; or bound images are all that the root has configured for. */
function lintUnbound(unit: Quadlet, image: string | undefined, { mode }: StoresOfRoot): Finding[] {
  const known: readonly string[] = mode === undefined ? allStorePaths : storePaths[mode];
  const place = unit.stores.find(({ path }) => known.includes(trimSlash(path)));
  if (place === undefined || image === undefined || /\.(?:image|build)$/.test(image)) return [];
  const text = `${shown(image)} is looked for among the bound images, but no entry binds it. Link the quadlet into /usr/lib/bootc/bound-images.d.`;
  return [finding('unbound-image', place, text)];
}

function lintImageUnit(unit: Quadlet, container: Quadlet, image: string): Finding[] {
  if (unit.pullsMissing) return [];
  const text =
    `${container.file} names this unit, so podman pulls its image each time before the container starts, and fails without network. ` +
    `Write Image=${image} into the container.`;
  return [finding('image-unit-pulls', { file: unit.file, line: unit.image?.line }, text)];
}

function trimSlash(path: string): string {
  return path.replace(/(?<=.)\/+$/, '');
}
