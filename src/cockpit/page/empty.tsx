import { Button } from '@patternfly/react-core/dist/esm/components/Button/index.js';
import {
  EmptyState,
  EmptyStateActions,
  EmptyStateBody,
  EmptyStateFooter,
} from '@patternfly/react-core/dist/esm/components/EmptyState/index.js';
import { Spinner } from '@patternfly/react-core/dist/esm/components/Spinner/index.js';
import { CubesIcon } from '@patternfly/react-icons/dist/esm/icons/cubes-icon.js';
import { ExclamationCircleIcon } from '@patternfly/react-icons/dist/esm/icons/exclamation-circle-icon.js';
import { gettext as _, jump } from 'cockpit';
import { useEffect, useState } from 'react';
import { readJournal } from '../bus/read-journal.ts';
import { unitName } from '../bus/unit-name.ts';
import type { UnitState } from '../bus/watch-unit.ts';

export function Loading() {
  return <EmptyState headingLevel="h2" titleText={_('Looking at this host')} icon={Spinner} />;
}

export function NotBootc() {
  return (
    <EmptyState headingLevel="h2" titleText={_('This is not a bootc host')} icon={CubesIcon}>
      <EmptyStateBody>
        {_('Images are bound to an OS image that bootc has installed. There is none here.')}
      </EmptyStateBody>
    </EmptyState>
  );
}

interface NotStartedProps {
  readonly unit: UnitState;
  readonly onRetry: () => void;
}

/** The agent is not there, and what the journal has to say of it. */
export function NotStarted({ unit, onRetry }: NotStartedProps) {
  const title =
    unit === 'missing' ? _('The service is not installed') : _('The service could not be started');
  return (
    <EmptyState headingLevel="h2" status="danger" titleText={title} icon={ExclamationCircleIcon}>
      <EmptyStateBody>{unit === 'missing' ? <p>{unitName}</p> : <Journal />}</EmptyStateBody>
      <EmptyStateFooter>
        <EmptyStateActions>
          <Button variant="primary" onClick={onRetry}>
            {_('Try again')}
          </Button>
        </EmptyStateActions>
        <EmptyStateActions>
          <Button variant="link" onClick={() => jump(`/system/services#/${unitName}`)}>
            {_('View the service')}
          </Button>
        </EmptyStateActions>
      </EmptyStateFooter>
    </EmptyState>
  );
}

/** The last lines of the agent, where the user may read them. */
export function Journal() {
  const [lines, setLines] = useState<readonly string[]>([]);
  useEffect(() => {
    let wanted = true;
    const read = async (): Promise<void> => {
      const found = await readJournal();
      if (wanted) setLines(found);
    };
    read().catch(() => undefined);
    return () => {
      wanted = false;
    };
  }, []);
  if (lines.length === 0) return <p>{_('Why is in its journal, which administrators may read.')}</p>;
  return (
    <pre className="bi-journal" aria-label={_('Last lines of the journal')} role="region" tabIndex={0}>
      {lines.join('\n')}
    </pre>
  );
}
