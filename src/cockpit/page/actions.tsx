import { Button } from '@patternfly/react-core/dist/esm/components/Button/index.js';
import {
  Dropdown,
  DropdownItem,
  DropdownList,
} from '@patternfly/react-core/dist/esm/components/Dropdown/index.js';
import { MenuToggle } from '@patternfly/react-core/dist/esm/components/MenuToggle/index.js';
import {
  Toolbar,
  ToolbarContent,
  ToolbarItem,
} from '@patternfly/react-core/dist/esm/components/Toolbar/index.js';
import EllipsisVIcon from '@patternfly/react-icons/dist/esm/icons/ellipsis-v-icon.js';
import { gettext as _ } from 'cockpit';
import { useState } from 'react';
import { prefetch, refresh, upgrade, verify } from '../bus/ask-agent.ts';

interface ActionsProps {
  /** Runs what was asked for, and tells where it fails. */
  readonly run: (action: () => Promise<unknown>) => void;
  readonly onCleanUp: () => void;
  readonly onReboot: () => void;
}

/** What an administrator may ask of the agent. */
export function Actions({ run, onCleanUp, onReboot }: ActionsProps) {
  const [isOpen, setOpen] = useState(false);
  return (
    <Toolbar inset={{ default: 'insetNone' }} className="bi-actions">
      <ToolbarContent>
        <ToolbarItem>
          <Button variant="primary" onClick={() => run(prefetch)}>
            {_('Prefetch now')}
          </Button>
        </ToolbarItem>
        <ToolbarItem>
          <Button variant="secondary" onClick={() => run(async () => upgrade({ apply: false }))}>
            {_('Prepare upgrade')}
          </Button>
        </ToolbarItem>
        <ToolbarItem>
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
                key="verify"
                onClick={() => run(async () => verify({ deep: false, repair: false }))}
              >
                {_('Verify')}
              </DropdownItem>
              <DropdownItem
                key="deep"
                description={_('Reads every file: takes its time')}
                onClick={() => run(async () => verify({ deep: true, repair: false }))}
              >
                {_('Verify contents')}
              </DropdownItem>
              <DropdownItem
                key="repair"
                onClick={() => run(async () => verify({ deep: true, repair: true }))}
              >
                {_('Repair')}
              </DropdownItem>
              <DropdownItem key="clean-up" onClick={onCleanUp}>
                {_('Clean up…')}
              </DropdownItem>
              <DropdownItem key="refresh" onClick={() => run(refresh)}>
                {_('Look again')}
              </DropdownItem>
              <DropdownItem key="reboot" isDanger onClick={onReboot}>
                {_('Prepare and reboot…')}
              </DropdownItem>
            </DropdownList>
          </Dropdown>
        </ToolbarItem>
      </ToolbarContent>
    </Toolbar>
  );
}
