import { Button } from '@patternfly/react-core/dist/esm/components/Button/index.js';
import {
  Card,
  CardBody,
  CardFooter,
  CardHeader,
  CardTitle,
} from '@patternfly/react-core/dist/esm/components/Card/index.js';
import { DescriptionList } from '@patternfly/react-core/dist/esm/components/DescriptionList/index.js';
import { format, gettext as _, language, ngettext } from 'cockpit';
import { type Outlook, upgrade } from '../bus/ask-agent.ts';
import type { Host, Image } from '../bus/host.ts';
import { needFor } from '../text/need.ts';
import { timeText } from '../text/quantity.ts';
import { shortDigest } from '../text/reference.ts';
import { size } from '../text/words.ts';
import { Fact } from './fact.tsx';
import { ImageName } from './image-name.tsx';

interface UpgradeProps {
  readonly host: Host;
  readonly images: readonly Image[];
  /** What was found when it was asked for last. */
  readonly outlook: Outlook | undefined;
  readonly isLooking: boolean;
  /** Absent where the user may not. */
  readonly actions:
    | {
        readonly run: (action: () => Promise<unknown>) => void;
        readonly onLookAhead: () => void;
        readonly onReboot: () => void;
      }
    | undefined;
}

/** What the next upgrade would fetch and need. */
export function UpgradeCard({ host, images, outlook, isLooking, actions }: UpgradeProps) {
  const check =
    actions === undefined ? null : (
      <Button
        variant="link"
        isInline
        isLoading={isLooking}
        isDisabled={isLooking}
        onClick={actions.onLookAhead}
      >
        {_('Check now')}
      </Button>
    );
  return (
    <Card>
      <CardHeader actions={{ actions: check, hasNoOffset: true }}>
        <CardTitle component="h2">{_('Next upgrade')}</CardTitle>
      </CardHeader>
      <CardBody>
        {outlook === undefined ? (
          <Known host={host} images={images} />
        ) : (
          <Found outlook={outlook} freeBytes={host.space.freeBytes} />
        )}
      </CardBody>
      {host.postponed.untilUs === 0 ? null : (
        <CardBody>
          <Waiting {...host.postponed} />
        </CardBody>
      )}
      {actions === undefined ? null : (
        <CardFooter>
          <div className="bi-actions">
            <Button
              variant="secondary"
              size="sm"
              onClick={() => actions.run(async () => upgrade({ apply: false }))}
            >
              {_('Prepare upgrade')}
            </Button>
            <Button variant="link" size="sm" onClick={actions.onReboot}>
              {_('Prepare and reboot…')}
            </Button>
          </div>
        </CardFooter>
      )}
    </Card>
  );
}

/** By what the agent knows already, without asking a registry. */
function Known({ host, images }: Pick<UpgradeProps, 'host' | 'images'>) {
  const next = ['candidate', 'staged']
    .map((slot) => host.deployments.find((deployment) => deployment.slot === slot))
    .find((deployment) => deployment !== undefined);
  if (next === undefined) return <p className="bi-note">{_('No upgrade is known.')}</p>;
  const { bound, missing, bytesToFetch, isComplete } = needFor(images, next.slot);
  const toFetch =
    missing === 0
      ? _('Nothing')
      : format(
          isComplete
            ? ngettext('$0 image, $1', '$0 images, $1', missing)
            : ngettext('$0 image', '$0 images', missing),
          missing,
          size(bytesToFetch),
        );
  return <Facts {...next} images={bound} facts={[[_('To fetch'), toFetch]]} />;
}

function Found({ outlook, freeBytes }: { readonly outlook: Outlook; readonly freeBytes: number }) {
  const { bytesToFetch, bytesOnDisk } = outlook;
  const needed =
    freeBytes < 0
      ? size(bytesOnDisk)
      : format(_('$0 of $1 that are free'), size(bytesOnDisk), size(freeBytes));
  const facts = [
    [_('To fetch'), bytesToFetch === 0 ? _('Nothing') : size(bytesToFetch)],
    [_('Space needed'), bytesOnDisk === 0 ? _('None') : needed],
  ] as const;
  return <Facts {...outlook} facts={facts} />;
}

/** That what nobody asked for waits: for its window, the next day or another network. */
function Waiting({ untilUs, reason }: Host['postponed']) {
  return (
    <DescriptionList isCompact>
      <Fact name={_('Scheduled prefetch')}>
        {format(_('Waits; next try $0'), timeText(untilUs, language))}
        <p className="bi-note">{reason}</p>
      </Fact>
    </DescriptionList>
  );
}

interface FactsProps {
  readonly osImage: string;
  readonly digest: string;
  readonly version: string;
  readonly images: number;
  readonly facts: readonly (readonly [string, string])[];
}

function Facts({ osImage, digest, version, images, facts }: FactsProps) {
  return (
    <DescriptionList isCompact>
      <Fact name={_('OS image')}>
        <ImageName reference={osImage} />
        <p className="bi-note">
          {[
            ...(version === '' ? [] : [version]),
            ...(digest === '' ? [] : [shortDigest(digest)]),
            format(ngettext('$0 bound image', '$0 bound images', images), images),
          ].join(' · ')}
        </p>
      </Fact>
      {facts.map(([fact, value]) => (
        <Fact key={fact} name={fact}>
          {value}
        </Fact>
      ))}
    </DescriptionList>
  );
}
