import { boolean, nullish, object, safeParse, string } from 'valibot';
import { composefsId, ostreeId } from './deployment-id.ts';

export interface StagedFile {
  readonly id: string;
  readonly locked: boolean;
}

// A GVariant of type a{sv} whose `target` is again one, with `name` and `osname`; strings end with a zero byte and what
// follows is aligned with more of them. `locked` is a byte, then the type of its variant (ostree, ostree-sysroot-deploy.c; GVariant
// specification, "Serialisation"). Looked for by its bytes: a reader of all of GVariant would be longer than the rest of this.
const target = /(?:^|\0)target\0+name\0+([0-9a-f]{64}\.\d{1,6})\0+s.*?osname\0+([\w.+-]{1,255})\0/s;
/** What `/run/ostree/staged-deployment` says is staged; undefined where it is not understood. */
export function parseStagedFile(bytes: Buffer): StagedFile | undefined {
  const text = bytes.toString('latin1');
  const [, name = '', stateroot] = target.exec(text) ?? [];
  const id = ostreeId(stateroot, name);
  return id === undefined ? undefined : { id, locked: isLocked(text) };
}

const schema = object({ depl_id: string(), finalization_locked: nullish(boolean()) });

/** What `/run/composefs/staged-deployment` says is staged: JSON (bootc, bootc_composefs/status.rs); undefined where it is not understood. */
export function parseStagedImage(text: string): StagedFile | undefined {
  const result = safeParse(schema, parsed(text));
  const id = result.success ? composefsId(result.output.depl_id) : undefined;
  return id === undefined || !result.success
    ? undefined
    : { id, locked: result.output.finalization_locked === true };
}

function isLocked(text: string): boolean {
  const [, value = ''] = text.split('locked\0');
  return value.replace(/^\0+/, '').startsWith('\u{1}\0b');
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
