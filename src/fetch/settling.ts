import type { Digest } from '../model/digest.ts';
import type { WholeBlob } from './partial-blob.ts';

/** Blobs that are whole, and can be read, while it is open whether the disk has to have them. */
export interface Settling {
  /** @returns at once, unless nothing is to be left open. Throws what keeping it throws, then */
  add(digest: Digest, whole: WholeBlob): Promise<void>;
  /** Ends one that was added; waits for one that is being kept. */
  drop(digest: Digest): Promise<void>;
  keepAll(): Promise<void>;
}

/** @param delayMs after which a blob is kept */
export function createSettling(delayMs: number): Settling {
  const open = new Map<Digest, WholeBlob & { readonly timer: NodeJS.Timeout }>();
  const keeping = new Map<Digest, Promise<void>>();

  const keep = (digest: Digest): void => {
    const whole = open.get(digest);
    if (whole === undefined) return;
    open.delete(digest);
    clearTimeout(whole.timer);
    // What cannot be kept stays a partial file, which the next run goes on with.
    const kept = whole.keep().catch(() => undefined);
    keeping.set(digest, kept);
    void kept.then(() => keeping.delete(digest));
  };
  return {
    async add(digest, whole) {
      if (delayMs === 0) return whole.keep();
      open.set(digest, { ...whole, timer: setTimeout(keep, delayMs, digest) });
    },
    async drop(digest) {
      const whole = open.get(digest);
      open.delete(digest);
      clearTimeout(whole?.timer);
      await whole?.drop();
      await keeping.get(digest);
    },
    async keepAll() {
      for (const digest of open.keys()) keep(digest);
      await Promise.all(keeping.values());
    },
  };
}
