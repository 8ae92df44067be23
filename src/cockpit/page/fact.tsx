import {
  DescriptionListDescription,
  DescriptionListGroup,
  DescriptionListTerm,
} from '@patternfly/react-core/dist/esm/components/DescriptionList/index.js';

/** A name and what is to be said of it, inside of a DescriptionList. */
export function Fact({ name, children }: { readonly name: string; readonly children: React.ReactNode }) {
  return (
    <DescriptionListGroup>
      <DescriptionListTerm>{name}</DescriptionListTerm>
      <DescriptionListDescription className="bi-wrap">{children}</DescriptionListDescription>
    </DescriptionListGroup>
  );
}
