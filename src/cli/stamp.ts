import { resolve } from 'node:path';
import { openAccess } from '../prefetch/access.ts';
import { boundByImage, boundByRoot, stampContentMeta, stampImage } from '../stamp/stamp-image.ts';
import { stampLabel, stampOf } from '../bundle/stamp-text.ts';
import type { BoundSet } from '../model/definition.ts';
import { type ExitStatus, Failure } from '../model/failure.ts';
import type { Problem } from '../model/problem.ts';
import { print, printJson, say } from './print.ts';
import { problemJson, renderProblem } from './problems.ts';

export interface StampOptions {
  readonly root?: string;
  readonly print?: boolean;
  readonly contentmeta?: string;
  readonly authfile?: string;
  readonly json?: boolean;
}

/** `bound-images stamp`: a bound set where it can be read without layers. */
export async function stamp(
  image: string | undefined,
  options: StampOptions,
  signal: AbortSignal,
): Promise<ExitStatus> {
  const { root, contentmeta } = options;
  if ((image === undefined) === (root === undefined))
    throw new Failure('Usage', 'stamp takes an IMAGE or --root DIR, one of them');
  await using access = openAccess(
    '/',
    options.authfile === undefined ? undefined : resolve(options.authfile),
  );
  if (options.print === true || contentmeta !== undefined) {
    const boundSet =
      root === undefined ? await boundByImage(image ?? '', access, signal) : await boundByRoot(resolve(root));
    return stampElsewhere(boundSet, options);
  }
  if (image === undefined)
    throw new Failure('Usage', 'a root has no label: give --print or --contentmeta FILE with --root');
  const { digest, changed, boundCount, problems } = await stampImage(image, access, signal);
  if (options.json === true)
    printJson({ image, digest, changed, boundImages: boundCount, problems: problems.map(problemJson) });
  else
    print([
      `${image}: ${changed ? 'stamped' : 'has this stamp already'}, ${boundCount} bound images, ${digest}`,
    ]);
  return afterProblems(problems);
}

async function stampElsewhere(boundSet: BoundSet, options: StampOptions): Promise<ExitStatus> {
  const text = stampOf(boundSet);
  if (options.contentmeta !== undefined) await stampContentMeta(options.contentmeta, text);
  if (options.print === true) print([`${stampLabel}=${text}`]);
  return afterProblems(boundSet.problems);
}

/** To stderr: stdout may go into a build's argument. */
function afterProblems(problems: readonly Problem[]): ExitStatus {
  for (const line of problems.flatMap(renderProblem)) say(line);
  return problems.some(({ severity }) => severity === 'error') ? 4 : 0;
}
