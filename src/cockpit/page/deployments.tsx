import { Card, CardBody, CardTitle } from '@patternfly/react-core/dist/esm/components/Card/index.js';
import { Table, Tbody, Td, Th, Thead, Tr } from '@patternfly/react-table/dist/esm/components/Table/index.js';
import { format, gettext as _ } from 'cockpit';
import type { Deployment, Image } from '../bus/host.ts';
import { splitReference } from '../text/reference.ts';
import { size, slotName } from '../text/words.ts';
import { Digest } from './digest.tsx';
import { ImageName } from './image-name.tsx';
import { ReadinessLabel } from './state-label.tsx';

interface DeploymentsProps {
  readonly deployments: readonly Deployment[];
  readonly images: readonly Image[];
}

export function Deployments({ deployments, images }: DeploymentsProps) {
  return (
    <Card>
      <CardTitle component="h2">{_('Deployments')}</CardTitle>
      <CardBody>
        <Table aria-label={_('Deployments')} className="bi-table" variant="compact" gridBreakPoint="grid-md">
          <Thead>
            <Tr>
              <Th>{_('Role')}</Th>
              <Th>{_('OS image')}</Th>
              <Th>{_('Version')}</Th>
              <Th>{_('Digest')}</Th>
              <Th modifier="nowrap">{_('Bound images')}</Th>
              <Th>{_('Storage')}</Th>
              <Th>{_('State')}</Th>
            </Tr>
          </Thead>
          <Tbody>
            {deployments.map((deployment, index) => (
              // A slot, `other`, may be there several times.
              <DeploymentRow key={`${deployment.slot} ${index}`} deployment={deployment} images={images} />
            ))}
          </Tbody>
        </Table>
      </CardBody>
    </Card>
  );
}

interface RowProps {
  readonly deployment: Deployment;
  readonly images: readonly Image[];
}

function DeploymentRow({ deployment, images }: RowProps) {
  const { slot, osImage, version, digest, state, storageBytes, ownBytes } = deployment;
  const { name } = splitReference(osImage);
  const bound = images.filter(({ boundBy }) => boundBy.some((binder) => binder.slot === slot));
  const present = bound.filter((image) => image.state === 'present').length;
  return (
    <Tr>
      <Td dataLabel={_('Role')}>{slotName(slot)}</Td>
      <Td dataLabel={_('OS image')} modifier="breakWord">
        {name === '' ? _('Unknown') : <ImageName reference={osImage} />}
      </Td>
      <Td dataLabel={_('Version')} modifier="breakWord">
        {version === '' ? '-' : version}
      </Td>
      <Td dataLabel={_('Digest')}>
        <Digest digest={digest} of={`${slotName(slot)}, ${name}`} />
      </Td>
      <Td dataLabel={_('Bound images')}>
        {bound.length === present ? present : format(_('$0 of $1 present'), present, bound.length)}
      </Td>
      <Td dataLabel={_('Storage')}>
        {storageBytes === 0 ? '-' : size(storageBytes)}
        {ownBytes === storageBytes ? null : (
          <p className="bi-note">{format(_('$0 alone'), size(ownBytes))}</p>
        )}
      </Td>
      <Td dataLabel={_('State')}>
        <ReadinessLabel state={state} />
      </Td>
    </Tr>
  );
}
