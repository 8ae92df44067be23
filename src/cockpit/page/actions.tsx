import { Button } from '@patternfly/react-core/dist/esm/components/Button/index.js';
import {
  Dropdown,
  DropdownItem,
  DropdownList,
} from '@patternfly/react-core/dist/esm/components/Dropdown/index.js';
import { MenuToggle } from '@patternfly/react-core/dist/esm/components/MenuToggle/index.js';
import { EllipsisVIcon } from '@patternfly/react-icons/dist/esm/icons/ellipsis-v-icon.js';
import { gettext as _ } from 'cockpit';
import { useState } from 'react';
import { prefetch, refresh, verify } from '../bus/ask-agent.ts';

interface ActionsProps {
  /** Runs what was asked for, and tells where it fails. */
  readonly run: (action: () => Promise<unknown>) => void;
  readonly onCleanUp: () => void;
}

/** What an administrator may have done with the images. */
export function Actions({ run, onCleanUp }: ActionsProps) {
  const [isOpen, setOpen] = useState(false);
  return (
    <div className="bi-actions">
      <Button variant="primary" onClick={() => run(prefetch)}>
        {_('Prefetch now')}
      </Button>
      <Dropdown
        isOpen={isOpen}
        onOpenChange={setOpen}
        onSelect={() => setOpen(false)}
        popperProps={{ position: 'right' }}
        shouldFocusToggleOnSelect
        toggle={(reference) => (
          <MenuToggle
            ref={reference}
            variant="plain"
            isExpanded={isOpen}
            aria-label={_('More actions')}
            icon={<EllipsisVIcon />}
            onClick={() => setOpen(!isOpen)}
          />
        )}
      >
        <DropdownList>
          <DropdownItem
            description={_('Looks whether all is there')}
            onClick={() => run(async () => verify({ deep: false, repair: false }))}
          >
            {_('Verify')}
          </DropdownItem>
          <DropdownItem
            description={_('Reads every file')}
            onClick={() => run(async () => verify({ deep: true, repair: false }))}
          >
            {_('Verify contents')}
          </DropdownItem>
          <DropdownItem
            description={_('Reads every file and mends what is damaged')}
            onClick={() => run(async () => verify({ deep: true, repair: true }))}
          >
            {_('Repair')}
          </DropdownItem>
          <DropdownItem description={_('Shows first what would be removed')} onClick={onCleanUp}>
            {_('Clean up…')}
          </DropdownItem>
          <DropdownItem onClick={() => run(refresh)}>{_('Look again')}</DropdownItem>
        </DropdownList>
      </Dropdown>
    </div>
  );
}
