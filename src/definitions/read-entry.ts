import { posix } from 'node:path';
import type { Definition, PullOptions } from '../model/definition.ts';
import type { Problem } from '../model/problem.ts';
import { isShortName, isUntagged, parseReference, storeName } from '../model/reference.ts';
import { readAsBootc } from './bootc-reading.ts';
import { readEffectiveImage, unitTypeOf, type EffectiveImage } from './effective-image.ts';
import { problem, shown } from '../model/problem-codes.ts';
import { readText } from './read-text.ts';
import type { Scan } from './remember-entries.ts';
import type { UnitFolder } from './unit-folders.ts';

export interface ReadEntry {
  readonly definitions: readonly Definition[];
  readonly problems: readonly Problem[];
}

interface Candidate {
  readonly image: string;
  readonly imageFile: string;
  readonly line: number;
  readonly pull: PullOptions;
}

/**
 * One entry of bound-images.d. Where podman and bootc read different images out of it, both are bound: podman runs the one,
 * and bootc pulls the other on every upgrade.
 */
export async function readEntry(
  tree: Scan,
  folders: readonly UnitFolder[],
  entry: string,
): Promise<ReadEntry> {
  if ((await tree.lstat(entry))?.kind !== 'link') {
    const text =
      'bootc refuses what is not a symbolic link. Move the quadlet to /usr/share/containers/systemd and link to it.';
    return nothingBut(problem('not-a-link', { file: entry }, text));
  }
  const entryType = unitTypeOf(entry);
  if (entryType === undefined)
    return nothingBut(problem('wrong-extension', { file: entry }, wrongExtension(entry)));
  const read = await readText(tree, entry);
  if (read.kind === 'refused') {
    const text = `${read.reason}. Remove the entry, or link it to a quadlet.`;
    return nothingBut(problem(read.code, { file: entry }, text));
  }

  const file = read.path;
  const quadlet = { ...read, trail: read.trail.slice(1) };
  const bootc = readAsBootc(read.text, entryType);
  const effective = await readEffectiveImage(tree, folders, quadlet, entryType);
  const candidates: Candidate[] = [];
  const problems: Problem[] = [...effective.problems];
  if (effective.kind === 'image') candidates.push({ ...effective, imageFile: effective.file });
  if (bootc.kind === 'image' && (effective.kind !== 'image' || bootc.image !== effective.image)) {
    if (effective.kind === 'image')
      problems.push(difference(effective, bootc.image, { file, line: bootc.line }));
    // To podman a name such as app.image is a unit, and no registry has it.
    const isImage =
      !/\.(?:image|build)$/.test(bootc.image) && parseReference(bootc.image).kind === 'reference';
    const pull = effective.kind === 'image' ? effective.pull : {};
    if (isImage) candidates.push({ image: bootc.image, imageFile: file, line: bootc.line, pull });
  }
  const severity = candidates.length > 0 ? 'warning' : 'error';
  if (bootc.kind === 'refused') {
    const text = `bootc cannot read this entry: ${bootc.reason}. Correct the file.`;
    problems.push(problem(bootc.code, { file, line: bootc.line }, text, severity));
  }
  if (
    effective.kind === 'refused' &&
    !sayTheSame(bootc.kind === 'refused' ? bootc.code : '', effective.code)
  ) {
    const text =
      severity === 'error'
        ? `podman makes no unit of it: ${effective.reason}.`
        : `podman makes no unit of it: ${effective.reason}. What bootc reads is fetched all the same.`;
    problems.push(problem(effective.code, effective, text, severity));
  }
  return withReferences(candidates, problems, entry, file);
}

function nothingBut(one: Problem): ReadEntry {
  return { definitions: [], problems: [one] };
}

function withReferences(
  candidates: readonly Candidate[],
  problems: Problem[],
  entry: string,
  file: string,
): ReadEntry {
  const definitions: Definition[] = [];
  for (const { image, imageFile, line, pull } of candidates) {
    const at = { file: imageFile, line };
    const parsed = parseReference(image);
    if (parsed.kind === 'reference') {
      definitions.push({ entry, file, line, imageFile, image, reference: parsed.reference, pull });
      problems.push(...nameProblems(definitions.at(-1) as Definition));
    } else if (/^[a-z-]+:(?:\/\/|\/|\.)/.test(image)) {
      const text = `${shown(image)} names a transport; bootc looks such a name up in vain. Write the registry's name alone.`;
      problems.push(problem('image-transport', at, text));
    } else {
      const text = `${shown(image)} is no image reference: ${parsed.text}. Write it as registry/repository:tag.`;
      problems.push(problem('bad-reference', at, text));
    }
  }
  return { definitions, problems };
}

/** A name that containers-storage changes is pulled and pruned by bootc again and again. */
function nameProblems({ image, reference, imageFile, line }: Definition): readonly Problem[] {
  const name = storeName(reference);
  if (name === image) return [];
  const at = { file: imageFile, line };
  const remedy = `It is stored as ${shown(name)}, and bootc's prune removes it after each upgrade. Write Image=${name}`;
  if (isShortName(image)) {
    const text = `${shown(image)} names no registry: each host may resolve it otherwise. ${remedy}`;
    return [problem('short-name', at, text)];
  }
  if (isUntagged(reference)) return [problem('untagged', at, `${shown(image)} has no tag. ${remedy}`)];
  return [problem('not-normalised', at, `${shown(image)} is not the image's full name. ${remedy}`)];
}

function difference(
  effective: Extract<EffectiveImage, { kind: 'image' }>,
  image: string,
  at: { readonly file: string; readonly line: number },
): Problem {
  if (effective.unit === image) {
    const text = `bootc does not follow ${shown(image)}: it tries to pull an image of that name, and its upgrade fails. Bind the .image unit instead of the .container.`;
    return problem('unit-reference', at, text);
  }
  const text = `bootc reads ${shown(image)} here, but podman runs ${shown(effective.image)} (${effective.file}:${effective.line}), which bootc's prune removes. Write the image into the linked file itself, plainly.`;
  return problem('differs-from-bootc', at, text);
}

/** One reason in one file: to report it from both readers' sides would be to report it twice. */
function sayTheSame(bootcCode: string, quadletCode: string): boolean {
  return bootcCode.replace('bootc-', '') === quadletCode.replace('quadlet-', '');
}

function wrongExtension(entry: string): string {
  const extension = posix.extname(entry);
  const remedy = 'Bind the images it needs by .image units.';
  if (extension === '.build')
    return `a .build unit's image is built on the host, and bootc refuses the entry. ${remedy}`;
  if (['.kube', '.pod', '.volume', '.network'].includes(extension))
    return `bootc does not read ${extension} units, and refuses the entry. ${remedy}`;
  return 'bootc refuses an entry whose name does not end in .image or .container. Remove or rename it.';
}
