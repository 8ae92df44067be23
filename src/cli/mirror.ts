import { openAccess } from '../prefetch/access.ts';
import { type Mirrored, type MirrorEvent, mirrorSet } from '../mirror/mirror-set.ts';
import { type MirrorTarget, parseTarget } from '../mirror/target.ts';
import { setTag } from '../bundle/layout-index.ts';
import { mirroredPath, mirrorsConf } from '../bundle/mirror-names.ts';
import { shortDigest } from '../model/digest.ts';
import { type ExitStatus, Failure } from '../model/failure.ts';
import { openBar } from './bar.ts';
import { formatBytes } from './bytes.ts';
import { authFileOf } from './place.ts';
import { print, printJson, say } from './print.ts';
import { problemJson, renderProblem } from './problems.ts';
import { renderTable } from './table.ts';

export interface MirrorOptions {
  readonly to: string;
  readonly tag?: string;
  readonly arch?: string;
  readonly dryRun?: boolean;
  readonly printRegistriesConf?: boolean;
  readonly authfile?: string;
  readonly json?: boolean;
}

/** `bound-images mirror IMAGE --to TARGET`: an OS image and everything that it binds, where there is no network. */
export async function mirror(
  image: string,
  options: MirrorOptions,
  signal: AbortSignal,
): Promise<ExitStatus> {
  const { tag, dryRun = false, json = false, printRegistriesConf = false } = options;
  const target = parseTarget(options.to);
  if (printRegistriesConf && (target.kind !== 'registry' || json))
    throw new Failure('Usage', '--print-registries-conf is for --to docker://, and without --json');
  const architectures = options.arch?.split(',').filter((name) => name !== '') ?? [];
  await using access = openAccess('/', authFileOf(options));
  const request = { image, target, architectures, dryRun, ...(tag === undefined ? {} : { tag }) };
  using progress = openMirrorProgress(dryRun);
  const mirrored = await mirrorSet(request, access, signal, progress.onEvent);
  progress[Symbol.dispose]();
  if (json) printJson(mirroredJson(mirrored, target, dryRun));
  else if (printRegistriesConf && target.kind === 'registry')
    print([
      mirrorsConf(
        target.place,
        mirrored.members.map(({ reference }) => reference),
      ).trimEnd(),
    ]);
  else print(renderMirrored(mirrored, target, dryRun));
  for (const line of mirrored.problems.flatMap(renderProblem)) say(line);
  if (target.kind === 'registry' && mirrored.signatureFiles > 0 && !dryRun)
    say(
      `${mirrored.signatureFiles} signatures of a lookaside storage are not in the registry, which has no place for them: mirror to oci:DIR too, and serve its folder lookaside`,
    );
  return mirrored.problems.some(({ severity }) => severity === 'error') ? 4 : 0;
}

function openMirrorProgress(
  dryRun: boolean,
): Disposable & { readonly onEvent: (event: MirrorEvent) => void } {
  const bar = process.stderr.isTTY ? openBar(process.stderr) : undefined;
  const write = (line: string): void => {
    bar?.clear();
    say(line);
  };
  const words = {
    verifying: 'Reading it back',
    pushing: 'Pushing to the registry',
    packing: 'Writing the archive',
  };
  return {
    onEvent: (event) => {
      if (event.kind === 'bytes') return bar?.setDone(event.doneBytes);
      if (event.kind === 'os-image') {
        if (dryRun || event.bytesToCopy === 0) return;
        write(`The OS image: ${formatBytes(event.bytesToCopy)} to copy`);
        return bar?.setTotal(event.bytesToCopy);
      }
      if (event.kind !== 'planned') return write(words[event.kind]);
      if (dryRun) return;
      write(
        `To copy: ${formatBytes(event.bytesToCopy)}, ${formatBytes(event.bytesPresent)} are there already`,
      );
      bar?.setTotal(event.bytesToCopy);
    },
    [Symbol.dispose]: () => bar?.clear(),
  };
}

const roles = { os: 'OS image', bound: 'bound', signature: 'attached' };

function renderMirrored(mirrored: Mirrored, target: MirrorTarget, dryRun: boolean): string[] {
  const { members, tag, bytesToCopy, bytesPresent, setDigest } = mirrored;
  const rows = members.map(({ role, name, digest }) => [name, roles[role], shortDigest(digest)]);
  const bytes = `${formatBytes(bytesToCopy)} ${dryRun ? 'would be copied' : 'copied'}, ${formatBytes(bytesPresent)} ${dryRun ? 'are' : 'were'} there already.`;
  return [
    ...renderTable([['IMAGE', 'IS', 'DIGEST'], ...rows]),
    '',
    bytes,
    ...(dryRun
      ? []
      : [
          `${target.name} has it as ${tag}, the set as ${setLocation(mirrored, target)} (${shortDigest(setDigest)}).`,
        ]),
  ];
}

function setLocation({ members: [os], tag }: Mirrored, target: MirrorTarget): string {
  if (target.kind !== 'registry' || os === undefined) return `${target.name}:${setTag(tag)}`;
  const { place } = target;
  return `docker://${place.domain}/${mirroredPath(place, os.reference)}:${setTag(tag)}`;
}

/** The map of names: what each image was called, what it is, and where it is now. */
function mirroredJson(mirrored: Mirrored, target: MirrorTarget, dryRun: boolean): object {
  const { members, tag, setDigest, bytesToCopy, bytesPresent, signatureFiles, problems } = mirrored;
  return {
    target: target.name,
    tag,
    dryRun,
    set: { digest: setDigest, location: setLocation(mirrored, target) },
    images: members.map(({ role, name, digest, mediaType, location }) => ({
      reference: name,
      role,
      digest,
      mediaType,
      location,
    })),
    bytesToCopy,
    bytesPresent,
    signatureFiles,
    problems: problems.map(problemJson),
  };
}
