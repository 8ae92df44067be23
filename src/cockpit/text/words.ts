import { format, gettext as _, language, ngettext } from 'cockpit';
import type { Job, JobRecord } from '../bus/host.ts';
import { sizeText } from './quantity.ts';
import type { Needer } from './space.ts';

export function size(bytes: number): string {
  return sizeText(bytes, language);
}

export function slotName(slot: string): string {
  switch (slot) {
    case 'booted':
      return _('Running');
    case 'staged':
      return _('Next boot');
    case 'rollback':
      return _('Rollback');
    case 'candidate':
      return _('Next upgrade');
    default:
      return _('Kept');
  }
}

export function imageStateName(state: string): string {
  switch (state) {
    case 'present':
      return _('Present');
    case 'missing':
      return _('Missing');
    case 'fetching':
      return _('Fetching');
    case 'verifying':
      return _('Verifying');
    case 'damaged':
      return _('Damaged');
    default:
      return _('Unknown');
  }
}

/** Of a deployment. */
export function readinessName(state: string): string {
  switch (state) {
    case 'ready':
      return _('Ready');
    case 'incomplete':
      return _('Incomplete');
    case 'damaged':
      return _('Damaged');
    default:
      return _('Unknown');
  }
}

export function verdictName(verdict: string): string {
  switch (verdict) {
    case 'ready':
      return _('Ready');
    case 'waiting':
      return _('Waiting');
    case 'blocked':
      return _('Blocked');
    default:
      return _('Nothing staged');
  }
}

export function neederName(needer: Needer): string {
  switch (needer) {
    case 'booted':
      return _('Running system alone');
    case 'shared':
      return _('Several deployments');
    case 'next':
      return _('Next boot or upgrade alone');
    case 'rollback':
      return _('Rollback alone');
    case 'other':
      return _('Kept deployments alone');
    case 'nobody':
      return _('Not bound');
  }
}

/** What policy.json asks of an image, in a word. */
export function policyName(policy: string): string {
  const names = policy.split(', ').map((name) => {
    switch (name) {
      case 'insecureAcceptAnything':
        return _('Not checked');
      case 'reject':
        return _('Refused');
      case 'signedBy':
        return 'GPG';
      case 'sigstoreSigned':
        return 'sigstore';
      default:
        return name === '' ? '-' : name;
    }
  });
  return names.join(', ');
}

export function policyText(policy: string): string {
  const names = policy.split(', ').map((name) => {
    switch (name) {
      case 'insecureAcceptAnything':
        return _('Accepted without a signature');
      case 'reject':
        return _('Refused');
      case 'signedBy':
        return _('Signed with a GPG key');
      case 'sigstoreSigned':
        return _('Signed with sigstore');
      default:
        return name;
    }
  });
  return names.join(', ');
}

/** What a job does. */
export function jobTitle({ operation, state }: Job): string {
  if (state === 'queued') return _('Waiting for another job');
  if (state === 'cancelling') return _('Cancelling');
  switch (operation) {
    case 'prefetch':
      return _('Fetching images');
    case 'verify':
      return _('Verifying images');
    case 'gc':
      return _('Cleaning up');
    default:
      return _('Preparing the upgrade');
  }
}

/** What became of a job. */
export function jobOutcome({
  operation,
  result,
  freedBytes,
  imagesTotal,
  damagedTotal,
}: Pick<JobRecord, 'operation' | 'result' | 'freedBytes' | 'imagesTotal' | 'damagedTotal'>): string {
  const isCancelled = result === 'cancelled';
  const succeeded = result === 'succeeded';
  switch (operation) {
    case 'prefetch':
      if (!succeeded) return isCancelled ? _('Fetching images was cancelled') : _('Fetching images failed');
      return imagesTotal === 0
        ? _('No image had to be fetched')
        : format(ngettext('$0 image was fetched', '$0 images were fetched', imagesTotal), imagesTotal);
    case 'verify':
      if (!succeeded) return isCancelled ? _('Verifying images was cancelled') : _('Verifying images failed');
      if (damagedTotal > 0)
        return format(
          ngettext('$0 image is missing or damaged', '$0 images are missing or damaged', damagedTotal),
          damagedTotal,
        );
      return imagesTotal === 0
        ? _('All images are whole')
        : format(ngettext('$0 image was repaired', '$0 images were repaired', imagesTotal), imagesTotal);
    case 'gc':
      if (!succeeded) return isCancelled ? _('Cleaning up was cancelled') : _('Cleaning up failed');
      return format(_('Cleaned up, $0 were freed'), size(freedBytes));
    default:
      if (succeeded) return _('The upgrade is prepared');
      return isCancelled ? _('Preparing the upgrade was cancelled') : _('Preparing the upgrade failed');
  }
}

const namedMax = 3;

/** The first of several images, and how many more there are. */
export function imagesText(images: readonly string[], total: number): string {
  const named = images.slice(0, namedMax);
  const more = total - named.length;
  const text = named.join(', ');
  return more === 0 ? text : format(ngettext('$0 and $1 more', '$0 and $1 more', more), text, more);
}
