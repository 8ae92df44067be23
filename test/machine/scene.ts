import { type Image, makeImage, makeLayer, seededBytes } from '../support/image.ts';
import { makeOsImage } from '../standin/os-image.ts';

const registry = '127.0.0.1:5000';
export const one = `${registry}/one:1`;
export const two = `${registry}/two:1`;

/** What the machine boots, and what it is upgraded to: both bind `one`, which has all that is odd in a layer; the second binds `two` too. */
export async function scene(): Promise<{
  readonly pushed: Readonly<Record<string, Image>>;
  readonly kept: Readonly<Record<string, Image>>;
}> {
  const base = await makeLayer({
    'etc/removed': 'gone in the next layer',
    'usr/bin/mighty': { content: '#!/bin/sh\n', mode: 0o4755 },
    'usr/bin/alias': { hardLink: 'usr/bin/mighty' },
    'usr/lib/link': { link: '../bin/mighty' },
    'var/data': seededBytes('base', 4_000_000),
  });
  const top = await makeLayer({ 'etc/.wh.removed': '', 'var/top': seededBytes('top', 1_000_000) }, 'zstd');
  const other = await makeLayer({ 'var/other': seededBytes('other', 2_000_000) });
  return {
    pushed: {
      [one]: makeImage([base, top]),
      [two]: makeImage([base, other]),
      [`${registry}/os:latest`]: await makeOsImage({ version: '1', bound: { 'one.container': one } }),
    },
    kept: {
      next: await makeOsImage({ version: '2', bound: { 'one.container': one, 'two.image': two } }),
    },
  };
}
