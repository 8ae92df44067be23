import { existsSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { boundImages } from './bound-images.ts';
import { rememberUpdate } from './cached-update.ts';
import { type Deployed, backend } from './deployed.ts';
import { type ImageName, peek, withTree } from './fetch-os-image.ts';
import { run } from './run.ts';
import { say } from './say.ts';
import { specImage } from './status.ts';
import { pruneStore, pullInto } from './store.ts';

export interface UpgradeOptions {
  readonly check: boolean;
  readonly apply: boolean;
  readonly downloadOnly: boolean;
  readonly fromDownloaded: boolean;
}

export function upgrade({ check, apply, downloadOnly, fromDownloaded }: UpgradeOptions): void {
  const name = specImage();
  if (name === null) throw new Error('Upgrading: No image source specified');
  const staged = deployed('staged');
  if (fromDownloaded) {
    if (staged === undefined) throw new Error('Upgrading: No staged deployment found');
    unlock(staged);
    return rebootIf(apply);
  }
  const booted = deployed('booted');
  const found = peek(name);
  if (booted !== undefined) rememberUpdate(booted.id, { name, image: found });
  if (check) {
    if (found.digest === booted?.image.digest) return say(`No changes in: ${name.image}`);
    say(`Update available for: ${name.image}\n  Digest: ${found.digest}`);
    return touchBootc();
  }
  if (found.digest === staged?.image.digest) {
    relock(staged, downloadOnly);
    return rebootIf(apply);
  }
  if (found.digest === booted?.image.digest) return say('No update available.');
  stage(name, downloadOnly);
  touchBootc();
  rebootIf(apply);
}

export function switchTo(name: ImageName, apply: boolean): void {
  const spec = specImage();
  if (spec?.image === name.image && spec.transport === name.transport)
    return say('Image specification is unchanged.');
  stage(name, false);
  touchBootc();
  rebootIf(apply);
}

/** Deploys, then pulls what that binds, then prunes: what fails on the way leaves what was done before it. */
function stage(name: ImageName, locked: boolean): void {
  withTree(name, (image) => backend().stage(image, name, locked));
  pauseForTest();
  // The composefs backend pulls no bound images.
  if (backend().folder === 'ostree') {
    const staged = deployed('staged');
    for (const image of boundImages(staged?.rootPath ?? '/')) pullInto(image);
  }
  pruneStore();
  say(`Queued for next boot: ${name.image}`);
  writeFileSync('/run/reboot-required', '');
}

/** A test that wants to look while bootc is at work makes a FIFO there, and writes a line to it when it has seen enough. */
function pauseForTest(): void {
  const fifo = '/run/standin/pause-after-staging';
  if (existsSync(fifo)) readFileSync(fifo);
}

function relock(staged: Deployed, downloadOnly: boolean): void {
  if (staged.locked === downloadOnly) return say('Staged update present, not changed');
  if (!downloadOnly) return unlock(staged);
  backend().setLocked(true);
  say('Image downloaded, but will not be applied on reboot');
}

function unlock(staged: Deployed): void {
  if (staged.locked) backend().setLocked(false);
  say(
    staged.locked
      ? 'Staged deployment will now be applied on reboot'
      : 'Staged deployment is already set to apply on reboot',
  );
}

function deployed(kind: Deployed['kind']): Deployed | undefined {
  return backend()
    .deployments()
    .find((each) => each.kind === kind);
}

/** The signal that bootc-status-updated.path waits for; the ostree backend's alone. */
export function touchBootc(): void {
  if (backend().folder === 'ostree') utimesSync('/ostree/bootc', new Date(), new Date());
}

function rebootIf(apply: boolean): void {
  if (apply) run(['systemctl', 'reboot']);
}
