import { styleText } from 'node:util';
import type { FloatingTag } from '../prefetch/floating-tags.ts';
import type { Outlook } from '../prefetch/outlook.ts';
import { tooLittleSpace } from '../prefetch/space.ts';
import { shortDigest } from '../model/digest.ts';
import { formatBytes } from './bytes.ts';
import { problemJson, renderProblem } from './problems.ts';
import { renderTable, wrap } from './table.ts';

/** The plan for a person. */
export function renderPlan(outlook: Outlook): string[] {
  const { survey, plan, space, tags } = outlook;
  const { kept, pulls, unresolved, cost } = plan;
  const rows = [
    ...pulls.map(({ want, reason, bytesToFetch }) => [
      want.image,
      `pull (${reason})`,
      formatBytes(bytesToFetch),
    ]),
    ...unresolved.map(({ want }) => [
      want.image,
      styleText('red', 'cannot be pulled', { stream: process.stdout }),
      '',
    ]),
    ...kept.map(({ want }) => [want.image, 'keep', '']),
  ];
  const shortage = tooLittleSpace(space);
  return [
    ...(rows.length === 0 ? ['No image is bound.'] : renderTable([['IMAGE', 'ACTION', 'TO FETCH'], ...rows])),
    '',
    pulls.length === 0
      ? 'Nothing to fetch.'
      : `To fetch: ${formatBytes(cost.bytesToFetch)}, shared layers counted once; on disk about ${formatBytes(cost.bytesOnDisk)}.`,
    ...(shortage === undefined ? [] : wrap(`Too little space: ${shortage.message}`, '')),
    ...renderOsImage(outlook),
    ...renderChanges(outlook),
    ...renderPolicy(outlook),
    ...tags.flatMap(renderTag),
    ...unresolved.flatMap(({ want, failure }) => ['', `${want.image}:`, ...wrap(failure.message)]),
    ...survey.problems.flatMap((problem) => ['', ...renderProblem(problem)]),
  ];
}

/** Only where bootc has looked for an update: then it may have seen another. */
function renderOsImage({ osImage }: Outlook): string[] {
  if (osImage?.cachedUpdate === undefined) return [];
  const [now, found] = [shortDigest(osImage.digest), shortDigest(osImage.cachedUpdate.digest)];
  return wrap(
    osImage.cachedUpdate.isCurrent
      ? `OS image: ${now}, as bootc found it when it last looked.`
      : `OS image: ${now}, which is planned for and which the next upgrade stages. bootc found ${found} when it last looked.`,
    '',
  );
}

function renderChanges({ changes }: Outlook): string[] {
  if (changes.length === 0) return [];
  const kinds = ['new', 'changed', 'kept', 'dropped'] as const;
  const counts = kinds.map((kind) => `${changes.filter(({ change }) => change === kind).length} ${kind}`);
  const named = changes
    .filter(({ change }) => change !== 'kept')
    .map(({ image, change }) => `  ${change}: ${image}`);
  return [`Against what is bound now: ${counts.join(', ')}.`, ...named];
}

function renderPolicy({ policy }: Outlook): string[] {
  const byRequirement = Map.groupBy([...policy.values()], (types) => types.join(' and '));
  return [...byRequirement].map(
    ([types, images]) => `Signature policy: ${types} for ${images.length} of ${policy.size} images.`,
  );
}

function renderTag(tag: FloatingTag): string[] {
  const { image } = tag.want;
  if (tag.kind === 'unknown')
    return [
      ...wrap(`Floating tag ${image}: what it means now is not known`, ''),
      ...wrap(tag.failure.message),
    ];
  const stored = tag.stored === undefined ? '' : tag.stored ? ', as stored' : ', not what is stored';
  return wrap(`Floating tag ${image}: now ${shortDigest(tag.digest)}${stored}`, '');
}

/** The plan as the one JSON document. */
export function planJson({ source, osImage, survey, plan, space, tags, changes, policy }: Outlook): object {
  const { kept, pulls, unresolved, cost } = plan;
  const changeOf = new Map(changes.map(({ image, change }) => [image, change]));
  const common = (image: string): object => ({
    image,
    change: changeOf.get(image) ?? null,
    signaturePolicy: policy.get(image) ?? [],
  });
  return {
    source,
    osImage:
      osImage === undefined
        ? null
        : {
            digest: osImage.digest,
            cachedUpdate: osImage.cachedUpdate?.digest ?? null,
            isCachedUpdate: osImage.cachedUpdate?.isCurrent ?? null,
          },
    images: [
      ...pulls.map(({ want, reason, manifest, bytesToFetch }) => ({
        ...common(want.image),
        action: 'pull',
        reason,
        digest: manifest.indexDigest ?? manifest.digest,
        bytesToFetch,
      })),
      ...unresolved.map(({ want, failure }) => ({
        ...common(want.image),
        action: 'none',
        error: { code: failure.code, text: failure.message },
      })),
      ...kept.map(({ want, stored }) => ({
        ...common(want.image),
        action: 'keep',
        digest: stored.digests[0] ?? null,
      })),
    ],
    dropped: changes.filter(({ change }) => change === 'dropped').map(({ image }) => image),
    floatingTags: tags.map((tag) => ({
      image: tag.want.image,
      digest: tag.kind === 'known' ? tag.digest : null,
      stored: tag.kind === 'known' ? (tag.stored ?? null) : null,
      error: tag.kind === 'known' ? null : { code: tag.failure.code, text: tag.failure.message },
    })),
    bytesToFetch: cost.bytesToFetch,
    bytesOnDiskEstimate: cost.bytesOnDisk,
    space: space.map((need) => ({
      ...need,
      freeInodes: Number.isFinite(need.freeInodes) ? need.freeInodes : null,
    })),
    problems: survey.problems.map(problemJson),
  };
}
