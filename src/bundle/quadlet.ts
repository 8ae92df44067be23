/** A unit that podman makes of a quadlet and its drop-ins, as far as lint and lock look at it. */
export interface Quadlet {
  readonly type: 'image' | 'container';
  /** `app.container`. */
  readonly name: string;
  /** Inside the root, without links. */
  readonly file: string;
  /** The effective `Image=`, as it stands there: an image, or the name of a unit. */
  readonly image: { readonly value: string; readonly file: string; readonly line: number } | undefined;
  /** Where `GlobalArgs=` names additional image stores. */
  readonly stores: readonly { readonly path: string; readonly file: string; readonly line: number }[];
  /** `Pull=` of a container that is `always`. */
  readonly pullsAlways: { readonly file: string; readonly line: number } | undefined;
  /** An image unit's `Policy=` (podman 5.6) lets its image be where it is there: it pulls at each start otherwise. */
  readonly pullsMissing: boolean;
  /** First line of an assignment in its section, in `file`: a place where a key can be put before. */
  readonly firstLine: number | undefined;
}
