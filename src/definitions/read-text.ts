import { isUtf8 } from 'node:buffer';
import { Failure } from '../model/failure.ts';
import type { Scan } from './remember-entries.ts';
import { resolve, type Resolved } from './resolve.ts';

type TextRefusal =
  | 'dangling-link'
  | 'link-loop'
  | 'target-not-a-file'
  | 'target-unreadable'
  | 'target-not-utf8'
  | 'target-too-large';

/** A file's text, where it is without links, and where links led on the way to it (Resolved). */
export interface QuadletFile {
  readonly path: string;
  readonly text: string;
  readonly trail: readonly string[];
}

export type Text =
  | ({ readonly kind: 'text' } & QuadletFile)
  | { readonly kind: 'refused'; readonly code: TextRefusal; readonly reason: string };

/** A quadlet is some hundred bytes; nothing that is meant as one is larger. */
const quadletLimitBytes = 1024 * 1024;

/** The text a path leads to inside the root, over any links. A byte order mark stays: podman refuses it. */
export async function readText(tree: Scan, path: string): Promise<Text> {
  return readResolved(tree, await resolve(tree, path));
}

/** The same of a path whose links have been followed already. */
export async function readResolved(tree: Scan, resolved: Resolved): Promise<Text> {
  if (resolved.kind === 'missing') return refused('dangling-link', `${resolved.path} is not in this root`);
  if (resolved.kind === 'loop')
    return refused('link-loop', 'its links lead in a circle, or over more than 40 links');
  if (resolved.kind !== 'file') {
    const what = resolved.kind === 'folder' ? 'a folder' : 'a device, a socket or a pipe';
    return refused('target-not-a-file', `${resolved.path} is ${what}`);
  }
  let bytes: Buffer;
  try {
    bytes = await tree.read(resolved.path, quadletLimitBytes);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    const entry = await tree.lstat(resolved.path);
    return entry !== undefined && 'sizeBytes' in entry && entry.sizeBytes > quadletLimitBytes
      ? refused('target-too-large', `${resolved.path} has ${entry.sizeBytes} bytes, more than 1 MiB`)
      : refused('target-unreadable', error.message);
  }
  if (!isUtf8(bytes)) return refused('target-not-utf8', `${resolved.path} is not UTF-8 text`);
  return { kind: 'text', text: bytes.toString(), path: resolved.path, trail: resolved.trail };
}

function refused(code: TextRefusal, reason: string): Text {
  return { kind: 'refused', code, reason };
}
