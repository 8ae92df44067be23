import { hash } from 'node:crypto';

const hashBytes = 6;

/** 48 bits: among a million paths a chance of one in 10^8 that one that is remembered is taken for one that is not. */
export function pathHash(path: string): number {
  return Number.parseInt(hash('sha1', path, 'hex').slice(0, 2 * hashBytes), 16);
}

/** Hashes of paths, six bytes each: a layer can have a million entries, and a Set would take 40 bytes for each of them. */
export interface PathHashes {
  add(path: string): void;
  /** Each once. */
  packed(): Buffer;
}

export function collectHashes(): PathHashes {
  let bytes = Buffer.alloc(1024 * hashBytes);
  let end = 0;
  return {
    add(path) {
      if (end === bytes.length) bytes = Buffer.concat([bytes, Buffer.alloc(bytes.length)]);
      end = bytes.writeUIntBE(pathHash(path), end, hashBytes);
    },
    packed: () => {
      const hashes = unpackHashes(bytes.subarray(0, end));
      const unique = Buffer.alloc(hashes.size * hashBytes);
      let at = 0;
      for (const each of hashes) at = unique.writeUIntBE(each, at, hashBytes);
      return unique;
    },
  };
}

export function unpackHashes(packed: Buffer): ReadonlySet<number> {
  const hashes = new Set<number>();
  for (let at = 0; at + hashBytes <= packed.length; at += hashBytes)
    hashes.add(packed.readUIntBE(at, hashBytes));
  return hashes;
}
