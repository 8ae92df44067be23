import { Alert } from '@patternfly/react-core/dist/esm/components/Alert/index.js';
import { Button } from '@patternfly/react-core/dist/esm/components/Button/index.js';
import { List, ListItem } from '@patternfly/react-core/dist/esm/components/List/index.js';
import {
  Modal,
  ModalBody,
  ModalFooter,
  ModalHeader,
} from '@patternfly/react-core/dist/esm/components/Modal/index.js';
import { Spinner } from '@patternfly/react-core/dist/esm/components/Spinner/index.js';
import { format, gettext as _, ngettext } from 'cockpit';
import { useEffect, useState } from 'react';
import { collectGarbage } from '../bus/ask-agent.ts';
import type { Job } from '../bus/host.ts';
import { problemText } from '../text/problem.ts';
import { size } from '../text/words.ts';

interface CleanUpProps {
  readonly endedJobs: readonly Job[];
  readonly run: (action: () => Promise<unknown>) => void;
  readonly onClose: () => void;
}

/** Says what would go, and removes it once that is agreed to. */
export function CleanUp({ endedJobs, run, onClose }: CleanUpProps) {
  const [preview, setPreview] = useState('');
  const [problem, setProblem] = useState('');
  useEffect(() => {
    collectGarbage({ dryRun: true }).then(setPreview, (error: unknown) => setProblem(problemText(error)));
  }, []);
  const job = endedJobs.find(({ path }) => path === preview);
  const failed = job !== undefined && job.state !== 'succeeded' ? job.error : problem;
  const nothing = job !== undefined && job.result.images.length === 0 && job.result.freedBytes === 0;
  return (
    <Modal variant="small" isOpen onClose={onClose} aria-labelledby="clean-up-title">
      <ModalHeader title={_('Clean up')} labelId="clean-up-title" />
      <ModalBody>
        {failed !== '' ? (
          <Alert isInline variant="danger" title={_('What would be removed is not known')} component="h2">
            {failed}
          </Alert>
        ) : job === undefined ? (
          <Spinner size="lg" aria-label={_('Looking for what nothing needs')} />
        ) : nothing ? (
          <p>{_('Everything in the store is needed.')}</p>
        ) : (
          <Preview job={job} />
        )}
      </ModalBody>
      <ModalFooter>
        <Button
          variant="danger"
          isDisabled={job === undefined || failed !== '' || nothing}
          onClick={() => {
            onClose();
            run(async () => collectGarbage({ dryRun: false }));
          }}
        >
          {_('Remove')}
        </Button>
        <Button variant="link" onClick={onClose}>
          {_('Cancel')}
        </Button>
      </ModalFooter>
    </Modal>
  );
}

function Preview({ job: { result } }: { readonly job: Job }) {
  const { images, freedBytes } = result;
  return (
    <>
      <p>
        {format(
          ngettext(
            '$0 image is needed by no deployment and no container. Removing it frees $1.',
            '$0 images are needed by no deployment and no container. Removing them frees $1.',
            images.length,
          ),
          images.length,
          size(freedBytes),
        )}
      </p>
      <List className="bi-preview" tabIndex={0} aria-label={_('Images that would be removed')}>
        {images.map((image) => (
          <ListItem key={image} className="bi-wrap">
            {image}
          </ListItem>
        ))}
      </List>
    </>
  );
}
