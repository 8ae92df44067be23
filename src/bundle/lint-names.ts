import type { Definition } from '../model/definition.ts';
import type { Problem } from '../model/problem.ts';
import { shown } from '../model/problem-codes.ts';
import { isShortName, isUntagged } from '../model/reference.ts';
import { type Finding, finding } from './finding.ts';
import type { Quadlet } from './quadlet.ts';

/** What is to be said of the names that are bound: those that mean something else tomorrow, and those that bootc's prune deletes. Pure. */
export function lintNames(definitions: readonly Definition[]): Finding[] {
  const lines = new Map(definitions.map((each) => [`${each.imageFile}:${each.line}`, each]));
  return [...lines.values()].flatMap(({ image, imageFile, line, reference: { tag, digest } }): Finding[] => {
    const at = { file: imageFile, line };
    if (digest === undefined) {
      const text =
        `${shown(image)} is no digest: what it means can change, and bootc never fetches it again on a host that has it. ` +
        'Write the digest that it means now: bound-images lock does it.';
      return [finding('floating-tag', at, text)];
    }
    if (tag === undefined) return [];
    const text =
      `${shown(image)} has tag and digest: where bootc pulls it, podman stores it without the tag, and bootc's prune removes it. ` +
      'Write the digest alone: bound-images lock does it, and keeps the tag in a comment.';
    return [finding('tag-and-digest', at, text)];
  });
}

/**
 * Problems of definitions with what mends them: a name that containers-storage changes is written as it is stored, wherever a
 * quadlet of the root has it, for all of them have to name one image. No tag is added where none is: which is meant, nobody knows.
 */
export function withEdits(
  problems: readonly Problem[],
  definitions: readonly Definition[],
  quadlets: readonly Quadlet[],
): Finding[] {
  return problems.map((problem) => {
    if (problem.code !== 'short-name' && problem.code !== 'not-normalised') return problem;
    const definition = definitions.find(
      ({ imageFile, line }) => imageFile === problem.file && line === problem.line,
    );
    const to = definition === undefined ? undefined : fullName(definition);
    if (definition === undefined || to === undefined) return problem;
    const from = definition.image;
    const places = [
      { file: definition.imageFile, line: definition.line },
      ...quadlets.flatMap(({ image }) => (image?.value === from ? [image] : [])),
    ];
    const unique = new Map(places.map(({ file, line }) => [`${file}:${line}`, { file, line }]));
    return {
      ...problem,
      edits: [...unique.values()].map((at) => ({ kind: 'replace', ...at, from, to }) as const),
    };
  });
}

function fullName({ image, reference }: Definition): string | undefined {
  const { domain, path, tag, digest } = reference;
  const name = [
    `${domain}/${path}`,
    tag === undefined ? '' : `:${tag}`,
    digest === undefined ? '' : `@${digest}`,
  ];
  const full = name.join('');
  return full === image || (isUntagged(reference) && !isShortName(image)) ? undefined : full;
}
