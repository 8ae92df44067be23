import { type Image, type LayerEntry, makeImage, makeLayer } from '../support/image.ts';

export interface OsImageContent {
  readonly version: string;
  /** By the name of a definition, with its extension: the quadlet's text. A text without a line break is the `Image=` of one. */
  readonly bound: Readonly<Record<string, string>>;
  /** Whatever else it has, by path without a leading slash. */
  readonly files?: Readonly<Record<string, LayerEntry>>;
}

/** A bootable image as far as ostree asks for one: a kernel, an os-release, and what it binds. */
export async function makeOsImage({ version, bound, files = {} }: OsImageContent): Promise<Image> {
  const entries: Record<string, LayerEntry> = {
    'usr/lib/os-release': `ID=standin\nVERSION_ID=${version}\nPRETTY_NAME="Stand-in ${version}"\n`,
    'usr/lib/modules/6.1.0/vmlinuz': 'a kernel',
    'usr/lib/modules/6.1.0/initramfs.img': 'an initramfs',
    'usr/etc': { folder: true },
    'usr/lib/bootc/bound-images.d': { folder: true },
    'usr/lib/bootc/storage': { link: '/sysroot/ostree/bootc/storage' },
    'usr/share/containers/systemd': { folder: true },
  };
  for (const [name, text] of Object.entries(bound)) {
    entries[`usr/share/containers/systemd/${name}`] = text.includes('\n')
      ? text
      : `[${name.endsWith('.container') ? 'Container' : 'Image'}]\nImage=${text}\n`;
    entries[`usr/lib/bootc/bound-images.d/${name}`] = { link: `/usr/share/containers/systemd/${name}` };
  }
  const layer = await makeLayer({ ...entries, ...files });
  return makeImage([layer], {
    labels: { 'containers.bootc': '1', 'org.opencontainers.image.version': version },
  });
}
