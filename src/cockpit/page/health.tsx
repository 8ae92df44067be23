import { Card, CardBody, CardTitle } from '@patternfly/react-core/dist/esm/components/Card/index.js';
import { DescriptionList } from '@patternfly/react-core/dist/esm/components/DescriptionList/index.js';
import { format, gettext as _, ngettext } from 'cockpit';
import type { Host, Image } from '../bus/host.ts';
import { needFor } from '../text/need.ts';
import { Fact } from './fact.tsx';
import { ReadinessLabel, VerdictLabel } from './state-label.tsx';

/** Whether what runs has all it needs, and what boots next. */
export function HealthCard({ host, images }: { readonly host: Host; readonly images: readonly Image[] }) {
  const { bound, missing } = needFor(images, 'booted');
  return (
    <Card>
      <CardTitle component="h2">{_('Health')}</CardTitle>
      <CardBody>
        <DescriptionList isCompact>
          <Fact name={_('Running system')}>
            <ReadinessLabel state={host.state} />
            <p className="bi-note">
              {missing === 0
                ? format(ngettext('$0 bound image, present', '$0 bound images, all present', bound), bound)
                : format(
                    ngettext(
                      '$0 of $1 bound images is not present',
                      '$0 of $1 bound images are not present',
                      missing,
                    ),
                    missing,
                    bound,
                  )}
            </p>
          </Fact>
          <Fact name={_('Next boot')}>
            <VerdictLabel verdict={host.nextBoot.verdict} />
            <p className="bi-note">{host.nextBoot.reason}</p>
          </Fact>
        </DescriptionList>
      </CardBody>
    </Card>
  );
}
