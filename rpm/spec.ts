import type { BundledPackage } from './licences.ts';

/**
 * The spec file with the program's version, and in the place of each line `# bundled: PART` a `Provides: bundled()` for each npm package
 * that is in that part: so that whoever looks for a package with a hole in it finds ours too (Fedora's packaging guidelines, "Bundling
 * and duplication of system libraries").
 * @throws Error where the spec file has no place for a part
 */
export function specText(
  spec: string,
  version: string,
  parts: Readonly<Record<string, readonly BundledPackage[]>>,
): string {
  let text = spec.replace(/^(Version: +).*$/m, `$1${version}`);
  for (const [part, packages] of Object.entries(parts)) {
    const place = `# bundled: ${part}\n`;
    if (!text.includes(place)) throw new Error(`the spec file has no line ${place}`);
    const provides = packages.map((each) => `Provides:       bundled(npm(${each.name})) = ${each.version}\n`);
    text = text.replace(place, () => provides.join(''));
  }
  return text;
}
