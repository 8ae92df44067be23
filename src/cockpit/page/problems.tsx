import { Card, CardBody, CardTitle } from '@patternfly/react-core/dist/esm/components/Card/index.js';
import { Table, Tbody, Td, Th, Thead, Tr } from '@patternfly/react-table/dist/esm/components/Table/index.js';
import { gettext as _ } from 'cockpit';
import type { Problem } from '../bus/host.ts';
import { slotName } from '../text/words.ts';

/** Definitions that cannot be honoured, with what mends them. */
export function Problems({ problems }: { readonly problems: readonly Problem[] }) {
  return (
    <Card>
      <CardTitle component="h2">{_('Problems in definitions')}</CardTitle>
      <CardBody>
        <Table
          aria-label={_('Problems in definitions')}
          className="bi-table"
          variant="compact"
          gridBreakPoint="grid-md"
        >
          <Thead>
            <Tr>
              <Th width={15}>{_('Deployment')}</Th>
              <Th width={30}>{_('File')}</Th>
              <Th>{_('Problem')}</Th>
            </Tr>
          </Thead>
          <Tbody>
            {problems.map(({ slot, file, code, text }) => (
              <Tr key={`${slot} ${file} ${code} ${text}`}>
                <Td dataLabel={_('Deployment')}>{slotName(slot)}</Td>
                <Td dataLabel={_('File')} modifier="breakWord">
                  <code>{file}</code>
                </Td>
                <Td dataLabel={_('Problem')} modifier="breakWord">
                  {text}
                  <p className="bi-note">{code}</p>
                </Td>
              </Tr>
            ))}
          </Tbody>
        </Table>
      </CardBody>
    </Card>
  );
}
