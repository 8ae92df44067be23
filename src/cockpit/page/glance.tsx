import { Button } from '@patternfly/react-core/dist/esm/components/Button/index.js';
import {
  Card,
  CardBody,
  CardFooter,
  CardTitle,
} from '@patternfly/react-core/dist/esm/components/Card/index.js';
import {
  DescriptionList,
  DescriptionListDescription,
  DescriptionListGroup,
  DescriptionListTerm,
} from '@patternfly/react-core/dist/esm/components/DescriptionList/index.js';
import { Gallery } from '@patternfly/react-core/dist/esm/layouts/Gallery/index.js';
import { format, gettext as _, ngettext } from 'cockpit';
import type { Outlook } from '../bus/ask-agent.ts';
import type { Host, Image } from '../bus/host.ts';
import { needFor } from '../text/need.ts';
import { shortDigest } from '../text/reference.ts';
import { size } from '../text/words.ts';
import { SpaceCard } from './space.tsx';
import { ReadinessLabel, VerdictLabel } from './state-label.tsx';

interface GlanceProps {
  readonly host: Host;
  readonly images: readonly Image[];
  /** What was found when it was asked for last. */
  readonly outlook: Outlook | undefined;
  readonly isLooking: boolean;
  /** Absent where the user may not. */
  readonly onLookAhead: (() => void) | undefined;
}

/** The host at a glance. */
export function Glance({ host, images, outlook, isLooking, onLookAhead }: GlanceProps) {
  const missing = images.filter(
    ({ state, boundBy }) => state !== 'present' && boundBy.some(({ slot }) => slot === 'booted'),
  ).length;
  const bound = images.filter(({ boundBy }) => boundBy.some(({ slot }) => slot === 'booted')).length;
  return (
    <Gallery hasGutter minWidths={{ default: '16rem' }}>
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
      <Card>
        <CardTitle component="h2">{_('Next upgrade')}</CardTitle>
        <CardBody>
          {outlook === undefined ? (
            <KnownNeed images={images} host={host} />
          ) : (
            <FoundNeed outlook={outlook} />
          )}
        </CardBody>
        {onLookAhead === undefined ? null : (
          <CardFooter>
            <Button
              variant="link"
              isInline
              isLoading={isLooking}
              isDisabled={isLooking}
              onClick={onLookAhead}
            >
              {_('Check for an upgrade')}
            </Button>
          </CardFooter>
        )}
      </Card>
      <SpaceCard host={host} images={images} />
    </Gallery>
  );
}

/** By what the agent knows already, without asking a registry. */
function KnownNeed({ images, host }: { readonly images: readonly Image[]; readonly host: Host }) {
  const candidate = host.deployments.find(({ slot }) => slot === 'candidate');
  if (candidate === undefined) return <p className="bi-note">{_('No upgrade is known.')}</p>;
  const { missing, bytesToFetch, isComplete } = needFor(images, 'candidate');
  return (
    <DescriptionList isCompact>
      <Fact name={_('OS image')}>
        <span className="bi-wrap">{shortDigest(candidate.digest) || candidate.osImage}</span>
      </Fact>
      <Fact name={_('To fetch')}>
        {missing === 0
          ? _('Nothing')
          : format(ngettext('$0 image', '$0 images', missing), missing).concat(
              bytesToFetch === 0 ? '' : `, ${isComplete ? '' : '≥ '}${size(bytesToFetch)}`,
            )}
      </Fact>
    </DescriptionList>
  );
}

function FoundNeed({ outlook }: { readonly outlook: Outlook }) {
  const { osImage, digest, images, bytesToFetch, bytesOnDisk } = outlook;
  return (
    <DescriptionList isCompact>
      <Fact name={_('OS image')}>
        <span className="bi-wrap">{shortDigest(digest) || osImage}</span>
        <p className="bi-note">{format(ngettext('$0 bound image', '$0 bound images', images), images)}</p>
      </Fact>
      <Fact name={_('To fetch')}>{bytesToFetch === 0 ? _('Nothing') : size(bytesToFetch)}</Fact>
      <Fact name={_('Space needed')}>{bytesOnDisk === 0 ? _('None') : size(bytesOnDisk)}</Fact>
    </DescriptionList>
  );
}

function Fact({ name, children }: { readonly name: string; readonly children: React.ReactNode }) {
  return (
    <DescriptionListGroup>
      <DescriptionListTerm>{name}</DescriptionListTerm>
      <DescriptionListDescription>{children}</DescriptionListDescription>
    </DescriptionListGroup>
  );
}
