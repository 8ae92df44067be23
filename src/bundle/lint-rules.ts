import { problemCodes, type ProblemCode } from '../model/problem-codes.ts';
import { problemTexts } from './problem-texts.ts';

export interface Rule {
  readonly severity: 'error' | 'warning' | 'note';
  /** Why it matters. */
  readonly why: string;
  readonly fix: string;
  /** `--fix` mends it, where the file allows it. */
  readonly fixable: boolean;
}

/** Lint's own rules, beside the problems of definitions. docs/lint.md explains them and is tested against this table. */
export const lintRules = {
  'floating-tag': {
    severity: 'warning',
    why: 'a tag can mean another image tomorrow: hosts then run different images under one name, and bootc never refreshes one that it has',
    fix: '`bound-images lock` writes the digest that the tag means now',
    fixable: false,
  },
  'tag-and-digest': {
    severity: 'warning',
    why: 'where bootc itself pulls a name with tag and digest, podman stores it without the tag, and the prune of the same upgrade removes the image; what bound-images pulls stays',
    fix: '`bound-images lock` keeps the digest in `Image=`, and the tag in a comment',
    fixable: false,
  },
  'no-store': {
    severity: 'error',
    why: 'podman looks only into its own storage unless the unit names the store that bound images are in: it pulls the image again at each first start, and cannot start without network',
    fix: 'add `GlobalArgs=--storage-opt=additionalimagestore=STORE`; in `PodmanArgs=` it would mean something else',
    fixable: true,
  },
  'wrong-store': {
    severity: 'error',
    why: 'the unit names a store that bound images are not put into: bootc puts them into `/usr/lib/bootc/storage`; on its composefs backend, where it has none, they are in `/usr/lib/bound-images/storage`',
    fix: 'name the store of the backend; `--store-mode` says which one where lint cannot know',
    fixable: true,
  },
  'unbound-image': {
    severity: 'warning',
    why: 'the unit looks for its image in the store of bound images, but no entry of bound-images.d binds it, so nothing puts it there',
    fix: 'link the quadlet into `/usr/lib/bootc/bound-images.d`, or take the argument out',
    fixable: false,
  },
  'image-unit-pulls': {
    severity: 'warning',
    why: 'podman runs `podman image pull` for an `.image` unit each time before a container that names the unit starts, and fails without network though the image is bound',
    fix: 'write the image itself into the container, or `Policy=missing` into the unit (podman 5.6)',
    fixable: false,
  },
  'pull-always': {
    severity: 'warning',
    why: '`Pull=always` asks the registry at each start, and fails without network though the image is bound',
    fix: 'take the key out',
    fixable: false,
  },
  'nothing-bound': {
    severity: 'note',
    why: 'no image is bound; the folder of entries is empty or not there',
    fix: 'link quadlets into `/usr/lib/bootc/bound-images.d`',
    fixable: false,
  },
  'image-not-found': {
    severity: 'error',
    why: 'its registry has no such image: neither bootc nor anything else can fetch it (with `--online`)',
    fix: 'correct the reference, or push the image',
    fixable: false,
  },
  'no-architecture': {
    severity: 'error',
    why: 'there is no image for an architecture that the OS image is for (with `--online`)',
    fix: 'push one, name what is there by `--arch`, or write `Arch=` where it is meant',
    fixable: false,
  },
  'image-unknown': {
    severity: 'error',
    why: 'its registry could not be asked, so whether the image is there is not known (with `--online`)',
    fix: 'run lint again with network and logins (`--authfile`)',
    fixable: false,
  },
  'stamp-differs': {
    severity: 'error',
    why: "the image's label says that other images are bound than its files do: who looks ahead by it fetches the wrong ones",
    fix: 'stamp the image as the last step of its build: `bound-images stamp IMAGE`',
    fixable: false,
  },
  'stamp-unreadable': {
    severity: 'warning',
    why: "the image's label is no stamp of this version: who looks ahead reads all its layers instead",
    fix: '`bound-images stamp IMAGE`',
    fixable: false,
  },
} as const satisfies Record<string, Rule>;

export type LintRule = keyof typeof lintRules;

/** Problems of definitions that `--fix` can mend: the full name takes the place of the other. */
const fixableProblems: ReadonlySet<ProblemCode> = new Set(['short-name', 'not-normalised']);

/** Every rule by its id, lint's own and the problems of definitions. */
export const allRules: ReadonlyMap<string, Rule> = new Map([
  ...Object.entries(lintRules),
  ...Object.entries(problemCodes).map(([id, { severity }]): [string, Rule] => {
    const code = id as ProblemCode;
    const rule = {
      severity: severity === 'either' ? 'error' : severity,
      ...problemTexts[code],
      fixable: fixableProblems.has(code),
    } as const;
    return [id, rule];
  }),
]);
