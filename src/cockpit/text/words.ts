import { format, gettext as _, language, ngettext } from 'cockpit';
import type { Job } from '../bus/host.ts';
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
      return _('Running system');
    case 'next':
      return _('Next boot or upgrade');
    case 'rollback':
      return _('Rollback');
    case 'other':
      return _('Kept deployments');
    case 'nobody':
      return _('Not bound');
  }
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
export function jobOutcome({ operation, state, result }: Job): string {
  const outcomes = {
    prefetch: [_('Images were fetched'), _('Fetching images failed'), _('Fetching images was cancelled')],
    verify: [_('All images are whole'), _('Verifying images failed'), _('Verifying images was cancelled')],
    gc: [
      format(_('Cleaned up, $0 were freed'), size(result.freedBytes)),
      _('Cleaning up failed'),
      _('Cleaning up was cancelled'),
    ],
    upgrade: [
      _('The upgrade is prepared'),
      _('Preparing the upgrade failed'),
      _('Preparing the upgrade was cancelled'),
    ],
  };
  const [succeeded, failed, cancelled] = outcomes[isOperation(operation) ? operation : 'upgrade'];
  if (state === 'failed') return failed ?? '';
  if (state === 'cancelled') return cancelled ?? '';
  const { length } = result.damaged;
  return operation === 'verify' && length > 0
    ? format(ngettext('$0 image is damaged', '$0 images are damaged', length), length)
    : (succeeded ?? '');
}

function isOperation(operation: string): operation is 'prefetch' | 'verify' | 'gc' | 'upgrade' {
  return operation === 'prefetch' || operation === 'verify' || operation === 'gc' || operation === 'upgrade';
}
