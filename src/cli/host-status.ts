import { styleText } from 'node:util';
import type { AgentClient } from '../dbus/client.ts';
import { shortDigest } from '../model/digest.ts';
import type { ExitStatus } from '../model/failure.ts';
import type { DeploymentState, HostState, ImageState, StoreSpace } from '../model/host-state.ts';
import { showMoment, wallClock } from '../fetch/wall-clock.ts';
import { formatBytes } from './bytes.ts';
import type { Place } from './place.ts';
import { print, printJson } from './print.ts';
import { problemJson, renderProblem } from './problems.ts';
import { renderTable, wrap } from './table.ts';

export interface StatusOptions extends Place {
  readonly watch?: boolean;
}

/** `bound-images status` of a host: what its agent says. With `watch`, again whenever that changes, until the signal aborts. */
export async function hostStatus(
  agent: AgentClient,
  { json = false, watch = false }: StatusOptions,
  signal: AbortSignal,
): Promise<ExitStatus> {
  let state = await agent.state();
  const show = (): void => {
    if (json) printJson(stateJson(state));
    else print(renderState(state));
  };
  show();
  if (!watch) return readinessOf(state);
  let reading = Promise.resolve();
  let isBehind = false;
  const readAgain = async (): Promise<void> => {
    isBehind = false;
    const next = await agent.state();
    if (newsOf(next) === newsOf(state)) return;
    state = next;
    if (!json) print(['']);
    show();
  };
  await agent.watch(() => {
    // Of changes that come while one is read, one more look tells all.
    if (isBehind) return;
    isBehind = true;
    reading = reading.then(readAgain);
  }, signal);
  await reading;
  return readinessOf(state);
}

/** What is worth another look: each pass has a time of its own, and what is free changes by itself. */
function newsOf(state: HostState): string {
  return JSON.stringify(stateJson({ ...state, space: { ...state.space, freeBytes: 0 } }));
}

/** 3 where the booted or the next OS lacks images, else 4 where a definition of the booted one cannot be honoured, else 0. */
function readinessOf({ state, nextBoot, images, problems }: HostState): ExitStatus {
  const bootedLacks = images.some(
    (image) => image.state !== 'present' && image.boundBy.some(({ slot }) => slot === 'booted'),
  );
  if (bootedLacks || state === 'damaged' || nextBoot.verdict === 'blocked' || nextBoot.verdict === 'waiting')
    return 3;
  return problems.some(({ slot, severity }) => slot === 'booted' && severity === 'error') ? 4 : 0;
}

function renderState(state: HostState): string[] {
  const { deployments, nextBoot, postponed, store, storageBytes, space, images, problems } = state;
  const bySlot = Object.groupBy(problems, ({ slot }) => slot);
  return [
    `Next boot  ${coloured(nextBoot.verdict)}`,
    ...(nextBoot.reason === '' ? [] : wrap(nextBoot.reason, '           ')),
    ...(postponed === undefined
      ? []
      : [
          `Prefetch   ${coloured('waiting')}, again at ${showMoment(postponed.untilUs / 1_000, wallClock())}`,
          ...wrap(postponed.reason, '           '),
        ]),
    `Store      ${store.path} (${store.mode}), ${formatBytes(storageBytes)}`,
    `           ${spaceText(space)}`,
    '',
    ...renderTable([
      ['OS IMAGE', 'VERSION', 'SLOT', 'DIGEST', 'STATE', 'NEEDS'],
      ...deployments.map(deploymentRow),
    ]),
    '',
    ...(images.length === 0
      ? ['No image is bound.']
      : renderTable([['BOUND IMAGE', 'STATE', 'SIZE', 'DIGEST', 'BOUND BY'], ...images.map(imageRow)])),
    ...images.flatMap(({ reference, lastError }) =>
      lastError === undefined ? [] : ['', `${reference}:`, ...wrap(lastError.text)],
    ),
    ...Object.entries(bySlot).flatMap(([slot, found]) => [
      '',
      `In the ${slot} OS:`,
      ...found.flatMap(renderProblem),
    ]),
  ];
}

/** Of what the deployments need, below, what they share is in the needs of each. */
function spaceText({ sharedBytes, unboundBytes, freeBytes }: StoreSpace): string {
  return [
    `${formatBytes(sharedBytes)} shared by several deployments`,
    `${formatBytes(unboundBytes)} bound by none`,
    ...(freeBytes === undefined ? [] : [`${formatBytes(freeBytes)} free`]),
  ].join(', ');
}

function deploymentRow(deployment: DeploymentState): string[] {
  const { slot, osImage, version = '', digest, state, storageBytes } = deployment;
  const name = osImage.replace(/^docker:\/\//, '');
  return [
    name === '' ? '-' : name,
    version,
    slot,
    digest === undefined ? '' : shortDigest(digest),
    coloured(state),
    storageBytes === 0 ? '' : formatBytes(storageBytes),
  ];
}

function imageRow({ reference, state, sizeBytes, digest, boundBy }: ImageState): string[] {
  const slots = [...new Set(boundBy.map(({ slot }) => slot))];
  return [
    reference,
    coloured(state),
    sizeBytes === 0 ? '' : formatBytes(sizeBytes),
    digest === undefined ? '' : shortDigest(digest),
    slots.join(', '),
  ];
}

const good: ReadonlySet<string> = new Set(['ready', 'present']);
const underWay: ReadonlySet<string> = new Set(['waiting', 'fetching', 'verifying', 'none', 'unknown']);

function coloured(state: string): string {
  const colour = good.has(state) ? 'green' : underWay.has(state) ? 'yellow' : 'red';
  return styleText(colour, state, { stream: process.stdout });
}

function stateJson({
  state,
  nextBoot,
  postponed,
  deployments,
  store,
  storageBytes,
  space,
  images,
  problems,
}: HostState): object {
  return {
    state,
    nextBoot,
    postponed: postponed ?? null,
    deployments: deployments.map(({ digest, version, ...rest }) => ({
      ...rest,
      digest: digest ?? null,
      version: version ?? null,
    })),
    store: {
      ...store,
      sizeBytes: storageBytes,
      sharedBytes: space.sharedBytes,
      unboundBytes: space.unboundBytes,
      freeBytes: space.freeBytes ?? null,
    },
    images: images.map(imageJson),
    problems: problems.map((problem) => ({ slot: problem.slot, ...problemJson(problem) })),
  };
}

function imageJson(image: ImageState): object {
  const { reference, state, digest, expectedDigest, boundBy, sizeBytes, bytesToFetch, signaturePolicy } =
    image;
  return {
    image: reference,
    state,
    digest: digest ?? null,
    expectedDigest: expectedDigest ?? null,
    sizeBytes,
    bytesToFetch: bytesToFetch ?? null,
    boundBy,
    signaturePolicy,
    lastPulledUs: image.lastPulledUs,
    lastVerifiedUs: image.lastVerifiedUs,
    error: image.lastError ?? null,
  };
}
