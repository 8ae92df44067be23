import { Failure } from '../model/failure.ts';
import { pathLimitBytes } from './limits.ts';

/**
 * Folders of which everything is remembered: bound-images.d, and where podman looks for quadlets. Wherever they are: on
 * ostree /etc is also /usr/etc, and links lead to folders of any name above.
 */
const folders = /(?:^|\/)(?:bound-images\.d|containers\/systemd)(?:\/|$)/;
/** Units that links of bound-images.d lead to, and their drop-ins, anywhere. */
const units = /\.(?:image|container|build)$|(?:^|[./])(?:image|container)\.d\/[^/]+\.conf$/;
const objects = /^(?:sysroot\/)?ostree\/repo\/objects\//;

/** Whether the name alone says that an entry is to be remembered. */
export function mattersByName(path: string): boolean {
  return folders.test(path) || units.test(path);
}

/** A file of an ostree repository inside the image: other paths are hard links to it (ostree-ext, "Filesystem layout"). */
export function isObject(path: string): boolean {
  return objects.test(path);
}

/** Whether a file could be a quadlet or a drop-in of one, whatever its name: as an ostree object it has none. */
export function mattersByContent(content: Buffer): boolean {
  return content.includes('[Image]') || content.includes('[Container]');
}

/**
 * A name of a layer's tar as a path inside the root, without a slash at either end; the root itself is ''.
 * An absolute name is below the root too, as podman has it.
 * @throws Failure `BadContent`
 */
export function layerPath(name: string): string {
  if (name.length > pathLimitBytes || Buffer.byteLength(name) > pathLimitBytes)
    throw new Failure(
      'BadContent',
      `a name of ${name.length} characters; Linux has none beyond ${pathLimitBytes} bytes`,
    );
  if (name.includes('\0')) throw new Failure('BadContent', 'a name holds a NUL byte');
  const components = name.split('/').filter((component) => component !== '' && component !== '.');
  if (components.includes('..'))
    throw new Failure(
      'BadContent',
      `the name ${JSON.stringify(name.slice(0, 200))} leads out of its folder by ".."`,
    );
  return components.join('/');
}
