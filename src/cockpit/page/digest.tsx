import { Button } from '@patternfly/react-core/dist/esm/components/Button/index.js';
import { Tooltip } from '@patternfly/react-core/dist/esm/components/Tooltip/index.js';
import { CopyIcon } from '@patternfly/react-icons/dist/esm/icons/copy-icon.js';
import { format, gettext as _ } from 'cockpit';
import { useState } from 'react';
import { shortDigest } from '../text/reference.ts';

/** A digest, short, with a button that copies all of it. */
export function Digest({ digest, of }: { readonly digest: string; readonly of: string }) {
  const [copied, setCopied] = useState(false);
  if (digest === '') return <>-</>;
  return (
    <span className="bi-digest">
      <code>{shortDigest(digest)}</code>
      <Tooltip
        content={copied ? _('Copied') : _('Copy the digest')}
        aria="none"
        onTooltipHidden={() => setCopied(false)}
      >
        <Button
          variant="plain"
          size="sm"
          hasNoPadding
          aria-label={format(_('Copy the digest of $0'), of)}
          icon={<CopyIcon />}
          onClick={() => {
            void copy(digest).then(setCopied);
          }}
        />
      </Tooltip>
    </span>
  );
}

/** @returns whether the clipboard has it: a page that came over plain HTTP has no clipboard of the newer kind */
async function copy(text: string): Promise<boolean> {
  const clipboard: Clipboard | undefined = navigator.clipboard;
  if (clipboard !== undefined)
    return clipboard.writeText(text).then(
      () => true,
      () => false,
    );
  const area = document.createElement('textarea');
  area.value = text;
  document.body.append(area);
  area.select();
  // oxlint-disable-next-line typescript/no-deprecated -- the only one that such a page has
  const done = document.execCommand('copy');
  area.remove();
  return done;
}
