import {
  Card,
  CardBody,
  CardHeader,
  CardTitle,
} from '@patternfly/react-core/dist/esm/components/Card/index.js';
import { EmptyState, EmptyStateBody } from '@patternfly/react-core/dist/esm/components/EmptyState/index.js';
import { FormSelect, FormSelectOption } from '@patternfly/react-core/dist/esm/components/FormSelect/index.js';
import { SearchInput } from '@patternfly/react-core/dist/esm/components/SearchInput/index.js';
import {
  Toolbar,
  ToolbarContent,
  ToolbarItem,
} from '@patternfly/react-core/dist/esm/components/Toolbar/index.js';
import { CubesIcon } from '@patternfly/react-icons/dist/esm/icons/cubes-icon.js';
import { SearchIcon } from '@patternfly/react-icons/dist/esm/icons/search-icon.js';
import {
  SortByDirection,
  Table,
  Th,
  Thead,
  type ThProps,
  Tr,
} from '@patternfly/react-table/dist/esm/components/Table/index.js';
import { format, gettext as _, ngettext } from 'cockpit';
import { memo, useDeferredValue, useMemo, useState } from 'react';
import type { Image } from '../bus/host.ts';
import { filterImages, type ImageColumn, sortImages } from '../text/select-images.ts';
import { imageStateName } from '../text/words.ts';
import { ImageRow } from './image-row.tsx';

const states = ['present', 'missing', 'damaged', 'fetching', 'verifying'];
/** As many as a large screen shows. */
const firstRows = 30;
const columns: readonly ImageColumn[] = ['reference', 'state', 'size'];

interface ImagesProps {
  readonly images: readonly Image[];
  /** What may be asked for them; nothing where the user may not. */
  readonly actions: React.ReactNode;
}

export function Images({ images, actions }: ImagesProps) {
  const [words, setWords] = useState('');
  const [state, setState] = useState('');
  // Typing goes on while the rows of what was typed before are drawn.
  const wanted = useDeferredValue(words);
  return (
    <Card>
      <CardHeader actions={{ actions, hasNoOffset: true }}>
        <CardTitle component="h2">{_('Images')}</CardTitle>
      </CardHeader>
      <CardBody>
        {images.length === 0 ? (
          <EmptyState headingLevel="h3" titleText={_('No images are bound')} icon={CubesIcon} variant="sm">
            <EmptyStateBody>
              {_('An OS image binds images by links in /usr/lib/bootc/bound-images.d.')}
            </EmptyStateBody>
          </EmptyState>
        ) : (
          <>
            <Toolbar inset={{ default: 'insetNone' }}>
              <ToolbarContent>
                <ToolbarItem>
                  <SearchInput
                    aria-label={_('Filter images')}
                    placeholder={_('Filter images')}
                    value={words}
                    resetButtonLabel={_('Clear the filter')}
                    onChange={(_event, value) => setWords(value)}
                    onClear={() => setWords('')}
                  />
                </ToolbarItem>
                <ToolbarItem>
                  <FormSelect
                    aria-label={_('State')}
                    value={state}
                    onChange={(_event, value) => setState(value)}
                  >
                    <FormSelectOption value="" label={_('All states')} />
                    <FormSelectOption value="attention" label={_('Needs attention')} />
                    {states.map((name) => (
                      <FormSelectOption key={name} value={name} label={imageStateName(name)} />
                    ))}
                  </FormSelect>
                </ToolbarItem>
                <ToolbarItem alignSelf="center" className="bi-note">
                  {format(ngettext('$0 image', '$0 images', images.length), images.length)}
                </ToolbarItem>
              </ToolbarContent>
            </Toolbar>
            <ImageTable images={images} words={wanted} state={state} />
          </>
        )}
      </CardBody>
    </Card>
  );
}

interface TableProps {
  readonly images: readonly Image[];
  readonly words: string;
  readonly state: string;
}

const ImageTable = memo(function ImageTable({ images, words, state }: TableProps) {
  const [column, setColumn] = useState<ImageColumn>('reference');
  const [descending, setDescending] = useState(false);
  const found = useMemo(
    () => sortImages(filterImages(images, words, state), column, descending),
    [images, words, state, column, descending],
  );
  // What fits on a screen is there at once; hundreds of rows take their time.
  const shown = useDeferredValue(found, found.slice(0, firstRows));
  const sortBy = (name: ImageColumn): NonNullable<ThProps['sort']> => ({
    columnIndex: columns.indexOf(name),
    sortBy: { index: columns.indexOf(column), direction: descending ? 'desc' : 'asc' },
    onSort: (_event, index, direction) => {
      setColumn(columns[index] ?? 'reference');
      setDescending(direction === SortByDirection.desc);
    },
  });
  if (shown.length === 0)
    return <EmptyState headingLevel="h3" titleText={_('No image matches')} icon={SearchIcon} variant="sm" />;
  return (
    <Table
      aria-label={_('Images')}
      className="bi-table"
      variant="compact"
      gridBreakPoint="grid-md"
      isExpandable
    >
      <Thead>
        <Tr>
          <Th screenReaderText={_('Details')} modifier="fitContent" />
          <Th sort={sortBy('reference')}>{_('Image')}</Th>
          <Th sort={sortBy('state')} modifier="fitContent">
            {_('State')}
          </Th>
          <Th sort={sortBy('size')} modifier="fitContent">
            {_('Size')}
          </Th>
          <Th modifier="fitContent">{_('Digest')}</Th>
          <Th modifier="fitContent">{_('Signature')}</Th>
          <Th>{_('Bound by')}</Th>
        </Tr>
      </Thead>
      {shown.map((image) => (
        <ImageRow key={image.reference} image={image} />
      ))}
    </Table>
  );
});
