import { Button } from '@patternfly/react-core/dist/esm/components/Button/index.js';
import {
  Card,
  CardBody,
  CardHeader,
  CardTitle,
} from '@patternfly/react-core/dist/esm/components/Card/index.js';
import { Progress } from '@patternfly/react-core/dist/esm/components/Progress/index.js';
import { format, gettext as _, language } from 'cockpit';
import type { Job } from '../bus/host.ts';
import { durationText, secondsLeft } from '../text/quantity.ts';
import { jobTitle, size } from '../text/words.ts';

interface RunningJobProps {
  readonly job: Job;
  /** Absent where the user may not. */
  readonly onCancel: (() => void) | undefined;
}

/** A job at work: how far it is, how fast, how long it will take yet. */
export function RunningJob({ job, onCancel }: RunningJobProps) {
  const title = jobTitle(job);
  const canCancel = onCancel !== undefined && job.cancelable && job.state !== 'cancelling';
  const known = job.progress >= 0;
  return (
    <Card isCompact>
      <CardHeader
        actions={{
          actions: canCancel ? (
            <Button variant="secondary" size="sm" onClick={onCancel}>
              {_('Cancel')}
            </Button>
          ) : null,
          hasNoOffset: true,
        }}
      >
        <CardTitle component="h2">{title}</CardTitle>
      </CardHeader>
      <CardBody>
        <Progress
          aria-label={title}
          value={known ? Math.round(job.progress * 100) : 0}
          {...(known ? {} : { label: _('Working'), valueText: _('Working') })}
          size="sm"
        />
        <div className="bi-facts">
          {facts(job).map((fact) => (
            <span key={fact}>{fact}</span>
          ))}
        </div>
      </CardBody>
    </Card>
  );
}

function facts(job: Job): string[] {
  const { bytesDone, bytesTotal, bytesPerSecond, currentImage } = job;
  const left = secondsLeft(job);
  return [
    ...(bytesTotal > 0 ? [format(_('$0 of $1'), size(bytesDone), size(bytesTotal))] : []),
    ...(bytesPerSecond > 0 ? [format(_('$0 per second'), size(bytesPerSecond))] : []),
    ...(left === undefined ? [] : [format(_('$0 left'), durationText(left, language))]),
    ...(currentImage === '' ? [] : [currentImage]),
  ];
}
