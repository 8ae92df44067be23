import { Card, CardBody, CardTitle } from '@patternfly/react-core/dist/esm/components/Card/index.js';
import { format, gettext as _ } from 'cockpit';
import type { Host, Image } from '../bus/host.ts';
import { divideSpace, type SpaceShare } from '../text/space.ts';
import { neederName, size } from '../text/words.ts';

const barWidth = 100;

/** What the store takes, and for whom. */
export function SpaceCard({ host, images }: { readonly host: Host; readonly images: readonly Image[] }) {
  const { shares, savedBytes } = divideSpace(host, images);
  const { freeBytes } = host.space;
  const facts = [
    ...(freeBytes < 0 ? [] : [format(_('$0 free'), size(freeBytes))]),
    ...(savedBytes > 0 ? [format(_('$0 saved by shared layers'), size(savedBytes))] : []),
  ];
  return (
    <Card>
      <CardTitle component="h2">{_('Storage')}</CardTitle>
      <CardBody>
        <p className="bi-total">{size(host.storageBytes)}</p>
        <p className="bi-note bi-wrap">{host.store.path}</p>
        {facts.length === 0 ? null : <p className="bi-note">{facts.join(' · ')}</p>}
        {shares.length === 0 ? null : <Bar shares={shares} />}
        <ul className="bi-legend">
          {shares.map(({ needer, bytes }) => (
            <li key={needer}>
              <span className={`bi-swatch bi-${needer}`} aria-hidden="true" />
              <span>{neederName(needer)}</span>
              <span>{size(bytes)}</span>
            </li>
          ))}
        </ul>
      </CardBody>
    </Card>
  );
}

/** The legend says the same to who does not see it. Drawn, because Cockpit lets no page write styles into its text. */
function Bar({ shares }: { readonly shares: readonly SpaceShare[] }) {
  const total = shares.reduce((sum, { bytes }) => sum + bytes, 0);
  const widths = shares.map(({ bytes }) => (bytes / total) * barWidth);
  return (
    <svg className="bi-bar" viewBox={`0 0 ${barWidth} 1`} preserveAspectRatio="none" aria-hidden="true">
      {shares.map(({ needer }, index) => (
        <rect
          key={needer}
          className={`bi-${needer}`}
          x={widths.slice(0, index).reduce((sum, width) => sum + width, 0)}
          width={widths[index]}
          height="1"
        />
      ))}
    </svg>
  );
}
