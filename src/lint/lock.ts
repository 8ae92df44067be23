import pLimit from 'p-limit';
import type { FileEdit } from '../bundle/finding.ts';
import { isUnlocked, lockEdits, type LockForm, type LockLine, readLockLine } from '../bundle/lock-line.ts';
import { diskTree } from '../definitions/disk-tree.ts';
import { readBoundSet } from '../definitions/read-bound-set.ts';
import { readText } from '../definitions/read-text.ts';
import type { PullOptions } from '../model/definition.ts';
import type { Digest } from '../model/digest.ts';
import { asFailure, Failure } from '../model/failure.ts';
import type { Problem } from '../model/problem.ts';
import { parseReference, type Reference } from '../model/reference.ts';
import type { Tree } from '../model/tree.ts';
import type { Access } from '../prefetch/access.ts';
import { writeEdits, type Written } from './fix.ts';
import { readLooseQuadlets, readQuadlets } from './quadlets.ts';

const asksAtOnce = 6;

export interface LockOptions {
  readonly form: LockForm;
  /** Also moves what is locked to what its tag means now. */
  readonly update: boolean;
}

/** One `Image=` line of a file of the root, and what it is to become. */
export interface LockStep extends LockLine {
  readonly file: string;
  readonly reference: Reference;
  readonly pull: PullOptions;
  /** One for all lines of an image, or they would name it differently: a comment where one of them has one. */
  readonly form: LockForm;
  readonly state: 'locked' | 'unlocked' | 'behind' | 'tag-unknown';
  /** What its tag means: now, or what it was locked to. */
  readonly wanted?: Digest;
}

export interface LockPlan {
  readonly steps: readonly LockStep[];
  readonly problems: readonly Problem[];
}

/**
 * What locking a root would do. Every line of the root that names a bound image by its tag is locked with it, bound itself or not:
 * a container that asked for the tag still would find no image of that name. A folder without /usr is taken for one of
 * quadlets. Asks registries for tags that no line has a digest of, and with `update` for all.
 * @throws Failure of a registry; then nothing is locked
 */
export async function planLock(
  rootPath: string,
  { form, update }: LockOptions,
  access: Access,
  signal: AbortSignal,
): Promise<LockPlan> {
  const { lines, problems } = await linesOf(diskTree(rootPath), form);
  const digests = new Map<string, Digest>();
  for (const { tag, digest, ...line } of lines)
    if (tag !== undefined && digest !== undefined && !update)
      digests.set(nameOf({ ...line, tag, digest }), digest);
  const limit = pLimit(asksAtOnce);
  const ask = async ([name, [line]]: readonly [string, readonly Line[]]): Promise<void> => {
    if (line?.tag === undefined || digests.has(name)) return;
    const { domain, path } = line.reference;
    const reference = { text: name, domain, path, tag: line.tag };
    const want = { image: name, storeName: name, reference, pull: line.pull, boundBy: [] };
    const digest = access.resolveDigest(want, signal).catch((error: unknown) => refuse(error, line));
    digests.set(name, await digest);
  };
  await Promise.all([...Map.groupBy(lines, nameOf)].map((group) => limit(() => ask(group))));
  const steps = lines.map((line): LockStep => {
    const wanted = update || line.digest === undefined ? digests.get(nameOf(line)) : line.digest;
    return { ...line, state: stateOf(line, wanted), ...(wanted === undefined ? {} : { wanted }) };
  });
  return { steps, problems };
}

/** The same by the files alone: which lines are not locked, without what they would be locked to. */
export async function checkLock(rootPath: string, form: LockForm): Promise<LockPlan> {
  const { lines, problems } = await linesOf(diskTree(rootPath), form);
  return { steps: lines.map((line) => ({ ...line, state: stateOf(line, line.digest) })), problems };
}

/** Writes a plan into the root's files. @throws what writing does */
export async function applyLock(rootPath: string, { steps }: LockPlan): Promise<Written[]> {
  const edits = steps.flatMap((step): FileEdit[] =>
    step.wanted === undefined
      ? []
      : lockEdits(step, step.wanted, step.form).map((edit) => ({ ...edit, file: step.file })),
  );
  return writeEdits(rootPath, diskTree(rootPath), edits);
}

function refuse(error: unknown, { file, line, image }: Line): never {
  const { code, message, retryAfterMs } = asFailure(error);
  const cause = { cause: error, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) };
  throw new Failure(code, `${file}:${line}: ${image}: ${message}. Nothing was locked.`, cause);
}

type Line = Omit<LockStep, 'state' | 'wanted'>;

function stateOf(line: Line, wanted: Digest | undefined): LockStep['state'] {
  if (line.tag === undefined) return 'tag-unknown';
  if (isUnlocked(line, line.form)) return 'unlocked';
  return wanted === line.digest ? 'locked' : 'behind';
}

function nameOf({ repository, tag, digest }: Pick<LockLine, 'repository' | 'tag' | 'digest'>): string {
  return tag === undefined ? `${repository}@${digest ?? ''}` : `${repository}:${tag}`;
}

interface Place {
  readonly file: string;
  readonly line: number;
  readonly image: string;
  readonly pull: PullOptions;
  readonly bound: boolean;
}

/** Each line once: those that are bound, and others that mean the same image. */
async function linesOf(tree: Tree, form: LockForm): Promise<{ lines: Line[]; problems: readonly Problem[] }> {
  const { definitions, problems } = await readBoundSet(tree);
  const isRoot = (await tree.lstat('/usr')) !== undefined;
  const quadlets = isRoot ? await readQuadlets(tree, definitions) : await readLooseQuadlets(tree);
  const places: Place[] = [
    ...definitions.map(({ image, imageFile, line, pull }) => ({
      image,
      file: imageFile,
      line,
      pull,
      bound: true,
    })),
    ...quadlets.flatMap(({ image }) =>
      image === undefined ? [] : [{ ...image, image: image.value, pull: {}, bound: !isRoot }],
    ),
  ];
  const texts = new Map<string, string>();
  const read = new Map<string, Omit<Line, 'form'> & { readonly bound: boolean }>();
  for (const { file, line, image, pull, bound } of places) {
    const parsed = parseReference(image);
    const key = `${file}:${line}`;
    if (parsed.kind === 'problem' || /\.(?:image|build)$/.test(image) || read.has(key)) continue;
    const text = texts.get(file) ?? (await textOf(tree, file));
    texts.set(file, text);
    const { reference } = parsed;
    read.set(key, { ...readLockLine(text, line, image, reference), file, reference, pull, bound });
  }
  const groups = Map.groupBy(read.values(), nameOf);
  const lines = [...read.values()].flatMap((line): Line[] => {
    const group = groups.get(nameOf(line)) ?? [];
    if (!group.some(({ bound }) => bound)) return [];
    const hasComment = group.some(({ remembered }) => remembered !== undefined);
    return [{ ...line, form: hasComment ? 'comment' : form }];
  });
  return { lines, problems };
}

async function textOf(tree: Tree, file: string): Promise<string> {
  const read = await readText(tree, file);
  return read.kind === 'text' ? read.text : '';
}
