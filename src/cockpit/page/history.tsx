import { Button } from '@patternfly/react-core/dist/esm/components/Button/index.js';
import { Card, CardBody, CardTitle } from '@patternfly/react-core/dist/esm/components/Card/index.js';
import { Icon } from '@patternfly/react-core/dist/esm/components/Icon/index.js';
import { BanIcon } from '@patternfly/react-icons/dist/esm/icons/ban-icon.js';
import { CheckCircleIcon } from '@patternfly/react-icons/dist/esm/icons/check-circle-icon.js';
import { ExclamationCircleIcon } from '@patternfly/react-icons/dist/esm/icons/exclamation-circle-icon.js';
import { ExclamationTriangleIcon } from '@patternfly/react-icons/dist/esm/icons/exclamation-triangle-icon.js';
import { Table, Tbody, Td, Th, Thead, Tr } from '@patternfly/react-table/dist/esm/components/Table/index.js';
import { format, gettext as _, language } from 'cockpit';
import { memo, useState } from 'react';
import type { JobRecord } from '../bus/host.ts';
import { durationText, timeText } from '../text/quantity.ts';
import { imagesText, jobOutcome, size } from '../text/words.ts';

const firstRows = 8;

/** What became of the last jobs, newest first. */
export const History = memo(function History({ records }: { readonly records: readonly JobRecord[] }) {
  const [showsAll, setShowsAll] = useState(false);
  const shown = showsAll ? records : records.slice(0, firstRows);
  return (
    <Card>
      <CardTitle component="h2">{_('Last results')}</CardTitle>
      <CardBody>
        {records.length === 0 ? (
          <p className="bi-note">{_('Nothing has been done yet.')}</p>
        ) : (
          <Table
            aria-label={_('Last results')}
            className="bi-table"
            variant="compact"
            gridBreakPoint="grid-md"
          >
            <Thead>
              <Tr>
                <Th>{_('Result')}</Th>
                <Th modifier="fitContent">{_('Fetched')}</Th>
                <Th modifier="fitContent">{_('Duration')}</Th>
                <Th modifier="fitContent">{_('Time')}</Th>
              </Tr>
            </Thead>
            <Tbody>
              {shown.map((record) => (
                <RecordRow key={record.id} record={record} />
              ))}
            </Tbody>
          </Table>
        )}
        {records.length <= firstRows ? null : (
          <Button
            variant="link"
            isInline
            className="bi-more"
            aria-expanded={showsAll}
            onClick={() => setShowsAll(!showsAll)}
          >
            {showsAll ? _('Show fewer') : format(_('Show all $0'), records.length)}
          </Button>
        )}
      </CardBody>
    </Card>
  );
});

function RecordRow({ record }: { readonly record: JobRecord }) {
  const { fetchedBytes, startTimeUs, endTimeUs, images, imagesTotal, error } = record;
  return (
    <Tr>
      <Td dataLabel={_('Result')} modifier="breakWord">
        <span className="bi-result">
          <ResultIcon record={record} />
          <span>
            {jobOutcome(record)}
            {imagesTotal === 0 ? null : <p className="bi-note">{imagesText(images, imagesTotal)}</p>}
            {error === '' ? null : <p className="bi-note">{error}</p>}
          </span>
        </span>
      </Td>
      <Td dataLabel={_('Fetched')} modifier="nowrap">
        {fetchedBytes === 0 ? '-' : size(fetchedBytes)}
      </Td>
      <Td dataLabel={_('Duration')} modifier="nowrap">
        {durationText((endTimeUs - startTimeUs) / 1e6, language)}
      </Td>
      <Td dataLabel={_('Time')} modifier="nowrap">
        <time dateTime={new Date(endTimeUs / 1000).toISOString()}>{timeText(endTimeUs, language)}</time>
      </Td>
    </Tr>
  );
}

/** The words beside it say the same. */
function ResultIcon({ record: { result, damagedTotal } }: { readonly record: JobRecord }) {
  if (result === 'failed')
    return (
      <Icon status="danger">
        <ExclamationCircleIcon />
      </Icon>
    );
  if (result === 'cancelled')
    return (
      <Icon>
        <BanIcon />
      </Icon>
    );
  return damagedTotal > 0 ? (
    <Icon status="warning">
      <ExclamationTriangleIcon />
    </Icon>
  ) : (
    <Icon status="success">
      <CheckCircleIcon />
    </Icon>
  );
}
