/** Device and inode of a folder. */
export interface DeviceInode {
  readonly device: bigint;
  readonly inode: bigint;
}

const key = Buffer.from('backing-root-device-inode\0');
const align = 8;

/**
 * The folder that was made `/`, out of `/run/ostree-booted`: where composefs is used `/` is another file system than the
 * deployment's folder. A GVariant of type a{sv} that has it as (tt) (ostree, src/libotcore/otcore.h); undefined where it is not there.
 */
export function parseBootedFile(bytes: Buffer): DeviceInode | undefined {
  const at = bytes.indexOf(key);
  if (at === -1) return undefined;
  const value = Math.ceil((at + key.length) / align) * align;
  if (bytes.length < value + 21 || bytes.toString('latin1', value + 16, value + 21) !== '\0(tt)')
    return undefined;
  return { device: bytes.readBigUInt64LE(value), inode: bytes.readBigUInt64LE(value + 8) };
}
