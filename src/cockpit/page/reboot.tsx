import { Button } from '@patternfly/react-core/dist/esm/components/Button/index.js';
import {
  Modal,
  ModalBody,
  ModalFooter,
  ModalHeader,
} from '@patternfly/react-core/dist/esm/components/Modal/index.js';
import { gettext as _ } from 'cockpit';
import { upgrade } from '../bus/ask-agent.ts';

interface RebootProps {
  readonly run: (action: () => Promise<unknown>) => void;
  readonly onClose: () => void;
}

export function Reboot({ run, onClose }: RebootProps) {
  return (
    <Modal variant="small" isOpen onClose={onClose} aria-labelledby="reboot-title">
      <ModalHeader
        title={_('Prepare the upgrade and reboot?')}
        labelId="reboot-title"
        titleIconVariant="warning"
      />
      <ModalBody>
        {_(
          'The images of the next OS image are fetched and verified, then this host reboots into it at once. Everybody who works on it is interrupted. It does not reboot while an image is missing.',
        )}
      </ModalBody>
      <ModalFooter>
        <Button
          variant="danger"
          onClick={() => {
            onClose();
            run(async () => upgrade({ apply: true }));
          }}
        >
          {_('Prepare and reboot')}
        </Button>
        <Button variant="link" onClick={onClose}>
          {_('Cancel')}
        </Button>
      </ModalFooter>
    </Modal>
  );
}
