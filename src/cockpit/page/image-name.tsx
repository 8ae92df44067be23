import { splitReference } from '../text/reference.ts';

/** An image's name, and less conspicuous its tag: in one piece, for where a cell is a grid. */
export function ImageName({ reference }: { readonly reference: string }) {
  const { name, tag } = splitReference(reference);
  return (
    <span>
      {name}
      {tag === '' ? null : <span className="bi-note">:{tag}</span>}
    </span>
  );
}
