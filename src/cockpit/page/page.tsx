import {
  Alert,
  AlertActionCloseButton,
  AlertGroup,
} from '@patternfly/react-core/dist/esm/components/Alert/index.js';
import { Stack, StackItem } from '@patternfly/react-core/dist/esm/layouts/Stack/index.js';
import { gettext as _ } from 'cockpit';
import { useEffect, useRef, useState, useSyncExternalStore } from 'react';
import { cancel, lookAhead, type Outlook } from '../bus/ask-agent.ts';
import type { Shown } from '../bus/objects.ts';
import type { Watched, WatchedAgent } from '../bus/watch-agent.ts';
import type { UnitState } from '../bus/watch-unit.ts';
import { problemText } from '../text/problem.ts';
import { jobOutcome } from '../text/words.ts';
import { Actions } from './actions.tsx';
import { CleanUp } from './clean-up.tsx';
import { Deployments } from './deployments.tsx';
import { Journal, Loading, NotBootc, NotStarted } from './empty.tsx';
import { HealthCard } from './health.tsx';
import { History } from './history.tsx';
import { Images } from './images.tsx';
import { Problems } from './problems.tsx';
import { Reboot } from './reboot.tsx';
import { RunningJob } from './running-job.tsx';
import { SpaceCard } from './space.tsx';
import { UpgradeCard } from './upgrade.tsx';

export interface BoundImagesProps {
  readonly agent: WatchedAgent;
  readonly access: Watched<boolean | undefined>;
  readonly unit: Watched<UnitState>;
}

/** The whole page. */
export function BoundImages({ agent, access, unit }: BoundImagesProps) {
  const view = useSyncExternalStore(agent.subscribe, agent.current);
  const isAdministrator = useSyncExternalStore(access.subscribe, access.current);
  const unitState = useSyncExternalStore(unit.subscribe, unit.current);
  // The bus may wait for half a minute for what has failed at once.
  const hasFailed = view.kind === 'failed' || (view.kind === 'loading' && unitState === 'failed');
  return (
    <main className="bi-main">
      <h1 className="pf-v6-screen-reader">{_('Bound images')}</h1>
      {view.kind === 'loading' && !hasFailed ? <Loading /> : null}
      {hasFailed ? <NotStarted unit={unitState} onRetry={agent.retry} /> : null}
      {view.kind !== 'shown' ? null : view.host.deployments.length === 0 && view.images.length === 0 ? (
        <NotBootc />
      ) : (
        <Everything shown={view} isAdministrator={isAdministrator} unit={unitState} />
      )}
    </main>
  );
}

interface EverythingProps {
  readonly shown: Shown;
  readonly isAdministrator: boolean | undefined;
  readonly unit: UnitState;
}

interface Notice {
  readonly key: number;
  readonly title: string;
  readonly text: string;
}

function Everything({ shown, isAdministrator = false, unit }: EverythingProps) {
  const { host, images, jobs, endedJobs, history } = shown;
  const [notices, setNotices] = useState<readonly Notice[]>([]);
  const [dialog, setDialog] = useState<'clean-up' | 'reboot' | undefined>();
  const [found, setFound] = useState<{ outlook: Outlook; lastJob: string | undefined }>();
  const lastJob = endedJobs[0]?.path;
  // What a job has brought since need not be fetched any more.
  const outlook = found?.lastJob === lastJob ? found?.outlook : undefined;
  const [isLooking, setLooking] = useState(false);
  const nextKey = useRef(0);
  const tell = (title: string, text: string): void => {
    nextKey.current += 1;
    const notice = { key: nextKey.current, title, text };
    setNotices((before) => [...before, notice]);
  };
  const run = (action: () => Promise<unknown>): void => {
    action().catch((error: unknown) => tell(_('The service refused'), problemText(error)));
  };
  useFailedJobs(endedJobs, tell);
  const onLookAhead = (): void => {
    setLooking(true);
    lookAhead()
      .then(
        (outlook) => setFound({ outlook, lastJob }),
        (error: unknown) => tell(_('The next upgrade is not known'), problemText(error)),
      )
      .finally(() => setLooking(false));
  };

  return (
    <Stack hasGutter>
      <AlertGroup isToast isLiveRegion aria-label={_('Messages')}>
        {notices.map(({ key, title, text }) => (
          <Alert
            key={key}
            variant="danger"
            title={title}
            component="h2"
            actionClose={
              <AlertActionCloseButton
                onClose={() => setNotices((before) => before.filter((notice) => notice.key !== key))}
              />
            }
          >
            {text}
          </Alert>
        ))}
      </AlertGroup>
      {isAdministrator ? null : (
        <StackItem>
          <Alert isInline variant="info" title={_('Limited access')} component="h2">
            {_('Administrative access is needed to fetch, verify or remove images and to upgrade.')}
          </Alert>
        </StackItem>
      )}
      {unit === 'failed' ? (
        <StackItem>
          <Alert isInline variant="danger" title={_('The service has failed')} component="h2">
            <Journal />
          </Alert>
        </StackItem>
      ) : null}
      {jobs.map((job) => (
        <StackItem key={job.path}>
          <RunningJob job={job} onCancel={isAdministrator ? () => run(async () => cancel(job)) : undefined} />
        </StackItem>
      ))}
      <StackItem>
        <div className="bi-glance">
          <HealthCard host={host} images={images} />
          <UpgradeCard
            host={host}
            images={images}
            outlook={outlook}
            isLooking={isLooking}
            actions={isAdministrator ? { run, onLookAhead, onReboot: () => setDialog('reboot') } : undefined}
          />
          <SpaceCard host={host} images={images} />
        </div>
      </StackItem>
      {host.problems.length === 0 ? null : (
        <StackItem>
          <Problems problems={host.problems} />
        </StackItem>
      )}
      <StackItem>
        <Deployments deployments={host.deployments} images={images} />
      </StackItem>
      <StackItem>
        <Images
          images={images}
          actions={
            isAdministrator ? <Actions run={run} onCleanUp={() => setDialog('clean-up')} /> : undefined
          }
        />
      </StackItem>
      <StackItem>
        <History records={history} />
      </StackItem>
      {dialog === 'clean-up' && isAdministrator ? (
        <CleanUp endedJobs={endedJobs} run={run} onClose={() => setDialog(undefined)} />
      ) : null}
      {dialog === 'reboot' && isAdministrator ? (
        <Reboot run={run} onClose={() => setDialog(undefined)} />
      ) : null}
    </Stack>
  );
}

/** Tells of each job that fails while the page is open. */
function useFailedJobs(endedJobs: Shown['endedJobs'], tell: (title: string, text: string) => void): void {
  const known = useRef<ReadonlySet<string>>(undefined);
  useEffect(() => {
    const before = known.current;
    known.current = new Set(endedJobs.map(({ path }) => path));
    if (before === undefined) return;
    for (const job of endedJobs)
      if (job.state === 'failed' && !before.has(job.path))
        tell(
          jobOutcome({
            operation: job.operation,
            result: job.state,
            freedBytes: 0,
            imagesTotal: 0,
            damagedTotal: 0,
          }),
          job.error,
        );
  });
}
