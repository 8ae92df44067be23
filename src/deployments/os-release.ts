import { osVersion } from '../model/os-version.ts';

/** The most particular first. `OSTREE_VERSION` is rpm-ostree's, the others are of os-release(5). */
const keys = ['OSTREE_VERSION', 'IMAGE_VERSION', 'BUILD_ID', 'VERSION_ID'];

/** What an `os-release` says of the OS image's version, for people; undefined where it says nothing that can be shown. */
export function osReleaseVersion(text: string): string | undefined {
  const values = new Map(
    Array.from(text.matchAll(/^([A-Z_]+)=(?:"([^"\\$`]*)"|'([^']*)'|([\w.+:~-]*))[ \t]*$/gm)).map(
      ([, key = '', double, single, plain]) => [key, double ?? single ?? plain ?? ''],
    ),
  );
  return keys.map((key) => osVersion(values.get(key))).find((value) => value !== undefined);
}
