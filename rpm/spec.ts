import type { BundledPackage } from './licences.ts';

/**
 * The spec file with the program's version, and a `Provides: bundled()` for each npm package that is in it: so that whoever looks for
 * a package with a hole in it finds ours too (Fedora's packaging guidelines, "Bundling and duplication of system libraries").
 */
export function specText(spec: string, version: string, packages: readonly BundledPackage[]): string {
  const provides = packages.map((each) => `Provides:       bundled(npm(${each.name})) = ${each.version}\n`);
  const text = spec
    .replace(/^(Version: +).*$/m, `$1${version}`)
    .replace(/^# begin bundled\n[^]*?^# end bundled\n/m, () => provides.join(''));
  if (!text.includes(provides.join(''))) throw new Error('the spec file has no place for bundled packages');
  return text;
}
