import type { Digest } from '../model/digest.ts';
import { parseReference, type Reference } from '../model/reference.ts';
import type { Edit } from './edit-text.ts';

/** How a tag is remembered beside its digest: in a comment above `Image=`, or as `repository:tag@digest`. */
export type LockForm = 'comment' | 'tag-and-digest';

/** An `Image=` line, and the comment above it that remembers its tag. */
export interface LockLine {
  /** The value as it stands there. */
  readonly image: string;
  readonly line: number;
  readonly indent: string;
  /** `docker.io/library/nginx`. */
  readonly repository: string;
  /** What is meant; undefined for a digest whose tag nobody remembers. */
  readonly tag: string | undefined;
  readonly digest: Digest | undefined;
  /** Of the comment; undefined where there is none. */
  readonly remembered: string | undefined;
}

/** As Renovate's regex managers are mostly taught to find it; more fields may follow. */
const commentPattern =
  /^\s*[#;]\s*renovate:\s+datasource=docker\s+depName=(\S+)\s+currentValue=(\S+)(?:\s|$)/;

/** Pure. A comment about another repository is somebody else's. */
export function readLockLine(text: string, line: number, image: string, reference: Reference): LockLine {
  const lines = text.split('\n');
  const repository = `${reference.domain}/${reference.path}`;
  const [, depName = '', currentValue] = commentPattern.exec(lines[line - 2] ?? '') ?? [];
  const parsed = parseReference(depName);
  const isOurs =
    parsed.kind === 'reference' && `${parsed.reference.domain}/${parsed.reference.path}` === repository;
  const remembered = isOurs ? currentValue : undefined;
  return {
    image,
    line,
    indent: /^[\t ]*/.exec(lines[line - 1] ?? '')?.[0] ?? '',
    repository,
    // Who writes a tag into Image= means it, whatever the comment says.
    tag: reference.tag ?? (reference.digest === undefined ? 'latest' : remembered),
    digest: reference.digest,
    remembered,
  };
}

/** Whether a line has to be changed though what it means has not. Pure. */
export function isUnlocked({ image, repository, tag, digest }: LockLine, form: LockForm): boolean {
  if (digest === undefined) return true;
  const hasTag = tag !== undefined && image !== `${repository}@${digest}`;
  return hasTag && form === 'comment';
}

/** What locks a line to a digest, nothing where it is. Pure. */
export function lockEdits(locked: LockLine, digest: Digest, form: LockForm): Edit[] {
  const { image, line, indent, repository, tag, remembered } = locked;
  if (tag === undefined) return [];
  const inComment = form === 'comment';
  const to = inComment ? `${repository}@${digest}` : `${repository}:${tag}@${digest}`;
  const edits: Edit[] = to === image ? [] : [{ kind: 'replace', line, from: image, to }];
  if (!inComment || remembered === tag) return edits;
  const value = `currentValue=${tag}`;
  if (remembered === undefined) {
    const text = `${indent}# renovate: datasource=docker depName=${repository} ${value}`;
    return [...edits, { kind: 'insert-before', line, text }];
  }
  return [...edits, { kind: 'replace', line: line - 1, from: `currentValue=${remembered}`, to: value }];
}
