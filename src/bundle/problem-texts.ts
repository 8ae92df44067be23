import type { ProblemCode } from '../model/problem-codes.ts';

/** What docs/problems.md says of each problem of a definition, so that a finding can say it too. A test holds the two together. */
export const problemTexts: Readonly<Record<ProblemCode, { readonly why: string; readonly fix: string }>> = {
  'bound-images-unreadable': {
    why: '`/usr/lib/bootc/bound-images.d` is no folder, or cannot be read',
    fix: 'make it a folder of links',
  },
  'too-many-entries': {
    why: 'more than 10,000 entries; what comes after, by name, is not read',
    fix: 'remove some',
  },
  'name-not-utf8': { why: "the entry's name is not UTF-8; its bytes are shown as `\\xNN`", fix: 'rename it' },
  'not-a-link': {
    why: 'the entry is a file, a folder or something else, and no symbolic link',
    fix: 'move the quadlet to `/usr/share/containers/systemd` and link to it',
  },
  'wrong-extension': {
    why: "the entry's name ends neither in `.image` nor in `.container`",
    fix: 'remove or rename it; bind what `.build`, `.kube` and `.pod` units need by `.image` units',
  },
  'dangling-link': {
    why: 'the link leads to nothing inside the root; links are followed inside it, absolute ones too',
    fix: 'remove the entry, or correct the link',
  },
  'link-loop': { why: 'the links lead in a circle, or over more than 40 links', fix: 'correct the links' },
  'target-not-a-file': {
    why: 'the link leads to a folder, a device, a socket or a pipe',
    fix: 'link to a quadlet',
  },
  'target-unreadable': { why: 'the quadlet cannot be read', fix: 'make it readable' },
  'target-not-utf8': { why: 'the quadlet is not UTF-8 text', fix: 'write it as UTF-8' },
  'target-too-large': { why: 'the quadlet is larger than 1 MiB, and is not read', fix: 'link to a quadlet' },
  'bootc-syntax': {
    why: 'a line is no section, `Key=value` or comment to bootc, which knows no continuation lines',
    fix: 'write each key on one line',
  },
  'bootc-no-image': {
    why: 'the linked file itself has no `Image=` in its `[Image]` or `[Container]`',
    fix: 'write `Image=` there',
  },
  'bootc-specifier': {
    why: '`Image=` of the linked file has a `%` that is not doubled',
    fix: 'write the name out, a `%` as `%%`',
  },
  'bootc-auth-file': {
    why: 'a bound `.image` unit has `AuthFile=`',
    fix: 'remove it; put the credentials in `/etc/ostree/auth.json`',
  },
  'quadlet-syntax': { why: 'podman cannot parse the file', fix: 'correct the line that is named' },
  'quadlet-no-image': {
    why: 'no `Image=` is left after overrides and drop-ins; the unit may be masked',
    fix: 'unmask the unit, or remove the entry',
  },
  'quadlet-specifier': {
    why: 'the effective `Image=` has a `%` that is not doubled, which only a running systemd can expand',
    fix: 'write the name out, a `%` as `%%`',
  },
  'quadlet-unreadable': {
    why: 'a file of the unit cannot be read',
    fix: 'make it a readable file of less than 1 MiB',
  },
  'quadlet-key': {
    why: 'a key that podman does not know, for which it refuses the whole unit',
    fix: 'correct or remove it',
  },
  'quadlet-rootfs': {
    why: 'a `.container` has both `Image=` and `Rootfs=`, for which podman refuses it',
    fix: 'remove one',
  },
  'unit-not-found': {
    why: '`Image=NAME.image` names a unit that is in no quadlet folder of the root',
    fix: 'add the unit, or name an image',
  },
  'built-image': {
    why: '`Image=NAME.build` is built on the host, and cannot be fetched',
    fix: 'bind an image that a registry has',
  },
  'unit-reference': {
    why: '`Image=NAME.image` is followed, but bootc tries to pull an image of that name, and its upgrade fails',
    fix: 'bind the `.image` unit itself',
  },
  'differs-from-bootc': {
    why: "drop-ins, an override, quotes or a comment make podman run another image than bootc reads; bootc's prune removes it",
    fix: 'write the image into the linked file itself, plainly',
  },
  'bad-drop-in': {
    why: 'podman leaves a drop-in out that it cannot read or parse',
    fix: 'correct or remove it',
  },
  'bad-reference': {
    why: 'the value of `Image=` is no image reference',
    fix: 'write it as `registry/repository:tag`',
  },
  'image-transport': {
    why: '`Image=` names a transport such as `docker://`; neither bootc nor its store finds such a name',
    fix: "write the registry's name alone",
  },
  'short-name': {
    why: "`Image=` names no registry: hosts may resolve it otherwise, and bootc's prune removes the image after each upgrade",
    fix: 'write the full name',
  },
  untagged: {
    why: "`Image=` has neither tag nor digest: stored as `:latest`, and removed by bootc's prune after each upgrade",
    fix: 'write a tag, better a digest',
  },
  'not-normalised': {
    why: "`Image=` is not the name that the store gives the image, such as `docker.io/alpine:3`, and bootc's prune removes it",
    fix: 'write the full name',
  },
  'bad-value': {
    why: 'a flag or key has a value that podman does not take; it is not used',
    fix: 'correct it',
  },
  'option-specifier': {
    why: "an option's value has a `%` that is not doubled; it is not used",
    fix: 'write the value out, a `%` as `%%`',
  },
  'unknown-argument': {
    why: 'an argument in `PodmanArgs=` or `GlobalArgs=` that is not applied when the image is fetched',
    fix: 'use a key of its own, or remove it',
  },
  'all-tags': {
    why: '`AllTags=` or `--all-tags`: only the tag in `Image=` is fetched',
    fix: 'bind each tag by itself',
  },
  'image-tag': {
    why: '`ImageTag=` is for archives; a fetched image has the name in `Image=` alone',
    fix: 'remove it',
  },
  'containers-conf-module': {
    why: '`ContainersConfModule=` is not applied when the image is fetched',
    fix: 'set what it sets for the host',
  },
  'platform-conflict': {
    why: 'two definitions ask for one image name with different `Arch=`, `OS=` or `Variant=`; the first counts',
    fix: 'give one of the two another tag',
  },
  'two-names': {
    why: "two bound names mean one image; bootc's prune cannot remove it once neither is bound",
    fix: 'write the same `Image=` into both',
  },
};
