import { Label } from '@patternfly/react-core/dist/esm/components/Label/index.js';
import { imageStateName, readinessName, verdictName } from '../text/words.ts';

type Status = 'success' | 'warning' | 'danger' | 'info';

const statuses: Readonly<Record<string, Status>> = {
  present: 'success',
  ready: 'success',
  missing: 'warning',
  incomplete: 'warning',
  waiting: 'warning',
  damaged: 'danger',
  blocked: 'danger',
  fetching: 'info',
  verifying: 'info',
};

export function ImageStateLabel({ state }: { readonly state: string }) {
  return <StateLabel state={state} name={imageStateName(state)} />;
}

export function ReadinessLabel({ state }: { readonly state: string }) {
  return <StateLabel state={state} name={readinessName(state)} />;
}

export function VerdictLabel({ verdict }: { readonly verdict: string }) {
  return <StateLabel state={verdict} name={verdictName(verdict)} />;
}

function StateLabel({ state, name }: { readonly state: string; readonly name: string }) {
  const status = statuses[state];
  return (
    <Label isCompact variant="outline" {...(status === undefined ? { color: 'grey' } : { status })}>
      {name}
    </Label>
  );
}
