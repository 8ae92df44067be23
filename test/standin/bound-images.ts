import { lstatSync, readFileSync, readdirSync, readlinkSync } from 'node:fs';
import { join, posix } from 'node:path';

const folder = '/usr/lib/bootc/bound-images.d';

/** `Image=` of everything that a root binds, as bootc reads it. @throws Error at the first entry that bootc does not take */
export function boundImages(rootPath: string): string[] {
  return readdirSync(join(rootPath, resolve(rootPath, folder)))
    .sort()
    .map((name) => {
      const link = join(rootPath, resolve(rootPath, folder), name);
      if (!lstatSync(link).isSymbolicLink()) throw new Error(`Querying bound images: Not a symlink: ${name}`);
      const text = readFileSync(join(rootPath, resolve(rootPath, `${folder}/${name}`)), 'utf8');
      const extension = posix.extname(name);
      if (extension !== '.image' && extension !== '.container')
        throw new Error(`Querying bound images: Invalid file extension: ${name}`);
      return imageOf(text, extension === '.image' ? 'Image' : 'Container', name);
    });
}

function imageOf(text: string, section: string, name: string): string {
  const start = text.split('\n').findIndex((line) => line.trim() === `[${section}]`);
  if (start === -1) throw new Error(`Querying bound images: Missing section [${section}] in ${name}`);
  const lines = text.split('\n').slice(start + 1);
  const end = lines.findIndex((line) => line.startsWith('['));
  const keys = new Map(
    lines.slice(0, end === -1 ? undefined : end).map((line) => {
      const at = line.indexOf('=');
      return [line.slice(0, at).trim(), line.slice(at + 1).trim()] as const;
    }),
  );
  const image = keys.get('Image');
  if (image === undefined || image === '')
    throw new Error(`Querying bound images: Missing image field in ${name}`);
  if (section === 'Image' && keys.has('AuthFile'))
    throw new Error(`Querying bound images: AuthFile is not supported by bound bootc images: ${name}`);
  if (/%[^%]/.test(image.replaceAll('%%', '')))
    throw new Error(
      `Querying bound images: Systemd specifiers are not supported by bound bootc images: ${name}`,
    );
  return image.replaceAll('%%', '%');
}

/** Follows links inside the root. */
function resolve(rootPath: string, path: string, depth = 0): string {
  if (depth > 40) throw new Error(`Querying bound images: too many links: ${path}`);
  let at = '/';
  const parts = path.split('/').filter((part) => part !== '');
  for (const [index, part] of parts.entries()) {
    const here = posix.join(at, part);
    if (lstatSync(join(rootPath, here)).isSymbolicLink()) {
      const target = posix.resolve(at, readlinkSync(join(rootPath, here)));
      return resolve(rootPath, posix.join(target, ...parts.slice(index + 1)), depth + 1);
    }
    at = here;
  }
  return at;
}
