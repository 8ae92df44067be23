import { Alert } from '@patternfly/react-core/dist/esm/components/Alert/index.js';
import { Button } from '@patternfly/react-core/dist/esm/components/Button/index.js';
import { DescriptionList } from '@patternfly/react-core/dist/esm/components/DescriptionList/index.js';
import { Label, LabelGroup } from '@patternfly/react-core/dist/esm/components/Label/index.js';
import {
  ExpandableRowContent,
  Tbody,
  Td,
  Tr,
} from '@patternfly/react-table/dist/esm/components/Table/index.js';
import { AngleDownIcon } from '@patternfly/react-icons/dist/esm/icons/angle-down-icon.js';
import { AngleRightIcon } from '@patternfly/react-icons/dist/esm/icons/angle-right-icon.js';
import { format, gettext as _, language } from 'cockpit';
import { memo, useState } from 'react';
import type { Image } from '../bus/host.ts';
import { timeText } from '../text/quantity.ts';
import { policyName, policyText, size, slotName } from '../text/words.ts';
import { Digest } from './digest.tsx';
import { Fact } from './fact.tsx';
import { ImageName } from './image-name.tsx';
import { ImageStateLabel } from './state-label.tsx';

const columnCount = 7;

/** An image, and below it, once it is expanded, all that is known of it. Drawn again only where the image has changed. */
export const ImageRow = memo(function ImageRow({ image }: { readonly image: Image }) {
  const [isExpanded, setExpanded] = useState(false);
  const { reference, state, sizeBytes, digest, boundBy, signaturePolicy, lastError } = image;
  const slots = [...new Set(boundBy.map(({ slot }) => slot))];
  return (
    <Tbody isExpanded={isExpanded}>
      <Tr isContentExpanded={isExpanded}>
        <Td modifier="fitContent" className="bi-toggle">
          <Button
            variant="plain"
            size="sm"
            aria-expanded={isExpanded}
            aria-label={format(_('Details of $0'), reference)}
            icon={isExpanded ? <AngleDownIcon /> : <AngleRightIcon />}
            onClick={() => setExpanded(!isExpanded)}
          />
        </Td>
        <Td dataLabel={_('Image')} modifier="breakWord">
          <ImageName reference={reference} />
          {lastError === '' || isExpanded ? null : <p className="bi-error">{lastError}</p>}
        </Td>
        <Td dataLabel={_('State')} modifier="fitContent">
          <ImageStateLabel state={state} />
        </Td>
        <Td dataLabel={_('Size')} modifier="fitContent">
          {sizeBytes === 0 ? '-' : size(sizeBytes)}
        </Td>
        <Td dataLabel={_('Digest')} modifier="fitContent">
          <Digest digest={digest} of={reference} />
        </Td>
        <Td dataLabel={_('Signature')} modifier="fitContent">
          {policyName(signaturePolicy)}
        </Td>
        <Td dataLabel={_('Bound by')}>
          <LabelGroup numLabels={4} aria-label={_('Bound by')}>
            {slots.map((slot) => (
              <Label key={slot} isCompact color={slot === 'booted' ? 'blue' : 'grey'}>
                {slotName(slot)}
              </Label>
            ))}
          </LabelGroup>
        </Td>
      </Tr>
      {isExpanded ? (
        <Tr isExpanded>
          <Td colSpan={columnCount}>
            <ExpandableRowContent>
              <ImageDetails image={image} />
            </ExpandableRowContent>
          </Td>
        </Tr>
      ) : null}
    </Tbody>
  );
});

function ImageDetails({ image }: { readonly image: Image }) {
  const { reference, digest, expectedDigest, boundBy, state, bytesToFetch, signaturePolicy, lastError } =
    image;
  const facts: readonly (readonly [string, React.ReactNode])[] = [
    [_('Reference'), <code>{reference}</code>],
    [_('Digest in the store'), digest === '' ? _('None') : <code>{digest}</code>],
    [_('Pinned digest'), expectedDigest === '' ? _('None, the tag may move') : <code>{expectedDigest}</code>],
    [
      _('Bound by'),
      boundBy.map(({ slot, file }) => (
        <div key={`${slot} ${file}`}>
          {slotName(slot)}: <code>{file}</code>
        </div>
      )),
    ],
    ...(state === 'present' || bytesToFetch <= 0 ? [] : [[_('To fetch'), size(bytesToFetch)] as const]),
    [_('Signature policy'), policyText(signaturePolicy)],
    [_('Last fetched'), timeOrNever(image.lastPulledUs)],
    [_('Last verified'), timeOrNever(image.lastVerifiedUs)],
  ];
  return (
    <>
      {lastError === '' ? null : (
        <Alert isInline isPlain variant="danger" title={_('Last error')} component="h3">
          {lastError}
        </Alert>
      )}
      <DescriptionList
        isHorizontal
        isCompact
        className="bi-details"
        aria-label={format(_('Details of $0'), reference)}
      >
        {facts.map(([name, value]) => (
          <Fact key={name} name={name}>
            {value}
          </Fact>
        ))}
      </DescriptionList>
    </>
  );
}

function timeOrNever(timeUs: number): string {
  return timeUs === 0 ? _('Never') : timeText(timeUs, language);
}
