import { Card, CardBody, CardTitle } from '@patternfly/react-core/dist/esm/components/Card/index.js';
import { Icon } from '@patternfly/react-core/dist/esm/components/Icon/index.js';
import { BanIcon } from '@patternfly/react-icons/dist/esm/icons/ban-icon.js';
import { CheckCircleIcon } from '@patternfly/react-icons/dist/esm/icons/check-circle-icon.js';
import { ExclamationCircleIcon } from '@patternfly/react-icons/dist/esm/icons/exclamation-circle-icon.js';
import { format, gettext as _, language, ngettext } from 'cockpit';
import type { Image, Job } from '../bus/host.ts';
import { timeText } from '../text/quantity.ts';
import { lastResults, type Result } from '../text/results.ts';
import { jobOutcome } from '../text/words.ts';

const resultsShown = 8;

interface ResultsProps {
  readonly images: readonly Image[];
  readonly endedJobs: readonly Job[];
}

export function Results({ images, endedJobs }: ResultsProps) {
  const results = lastResults(images, endedJobs, resultsShown);
  if (results.length === 0) return null;
  return (
    <Card>
      <CardTitle component="h2">{_('Last results')}</CardTitle>
      <CardBody>
        <ul className="bi-results">
          {results.map((result) => (
            <li key={`${result.timeUs} ${result.kind}`}>
              <ResultIcon result={result} />
              <div>
                <span>{resultText(result)}</span>
                {result.kind === 'job' && result.job.error !== '' ? (
                  <p className="bi-note bi-wrap">{result.job.error}</p>
                ) : null}
              </div>
              <time className="bi-note" dateTime={new Date(result.timeUs / 1000).toISOString()}>
                {timeText(result.timeUs, language)}
              </time>
            </li>
          ))}
        </ul>
      </CardBody>
    </Card>
  );
}

function ResultIcon({ result }: { readonly result: Result }) {
  const state = result.kind === 'job' ? result.job.state : 'succeeded';
  if (state === 'failed')
    return (
      <Icon status="danger">
        <ExclamationCircleIcon />
      </Icon>
    );
  return state === 'cancelled' ? (
    <Icon>
      <BanIcon />
    </Icon>
  ) : (
    <Icon status="success">
      <CheckCircleIcon />
    </Icon>
  );
}

function resultText(result: Result): string {
  if (result.kind === 'job') return jobOutcome(result.job);
  const { length, 0: first = '' } = result.images;
  if (length === 1)
    return format(result.kind === 'fetched' ? _('$0 was fetched') : _('$0 was verified'), first);
  return result.kind === 'fetched'
    ? format(ngettext('$0 image was fetched', '$0 images were fetched', length), length)
    : format(ngettext('$0 image was verified', '$0 images were verified', length), length);
}
