import { splitArguments } from './split-arguments.ts';
import { allAssignments, unquoted, type Assignment, type Unit } from './unit-file.ts';

/** One word of the command that podman makes of a unit, and the line it comes from. */
export interface Word {
  readonly word: string;
  readonly at: Assignment;
}

export interface UnitCommand {
  /** Before `image pull` or `run`: `--module=` and GlobalArgs=. */
  readonly global: readonly Word[];
  /** After it, as far as it can change a pull: keys first, then PodmanArgs=, which wins. */
  readonly pull: readonly Word[];
}

export type UnitType = 'image' | 'container';

export const sectionOf = { image: 'Image', container: 'Container' } as const;

const textFlags = {
  image: Object.entries({
    Arch: '--arch',
    AuthFile: '--authfile',
    CertDir: '--cert-dir',
    Creds: '--creds',
    DecryptionKey: '--decryption-key',
    OS: '--os',
    Policy: '--policy',
    Retry: '--retry',
    RetryDelay: '--retry-delay',
    Variant: '--variant',
  }),
  container: Object.entries({ Retry: '--retry', RetryDelay: '--retry-delay' }),
} as const;
const booleanFlags = {
  image: Object.entries({ AllTags: '--all-tags', TLSVerify: '--tls-verify' }),
  container: [],
} as const;

const argumentKeys = ['ContainersConfModule', 'GlobalArgs', 'PodmanArgs'];
const keysOf = {
  image: new Set([...[...textFlags.image, ...booleanFlags.image].map(([key]) => key), ...argumentKeys]),
  container: new Set([...textFlags.container.map(([key]) => key), ...argumentKeys]),
} as const;
const bare: UnitCommand = { global: [], pull: [] };

/** The command as podman's quadlet generator writes it (podman 5.4 pkg/systemd/quadlet, and the keys newer ones added). Pure. */
export function unitCommand(unit: Unit, type: UnitType): UnitCommand {
  const section = sectionOf[type];
  const set = unit.filter((at) => at.section === section && keysOf[type].has(at.key));
  // As most units are.
  if (set.length === 0) return bare;
  const last = new Map(set.map((at) => [at.key, at]));
  const pull: Word[] = [];
  for (const [key, flag] of textFlags[type]) {
    const at = last.get(key);
    if (at === undefined) continue;
    const value = unquoted(at.value);
    if (value !== '') pull.push({ word: flag, at }, { word: value, at });
  }
  for (const [key, flag] of booleanFlags[type]) {
    const at = last.get(key);
    if (at === undefined) continue;
    // Whatever is not one of these means false, an empty value too.
    const isTrue = /^(?:1|yes|true|on)$/i.test(unquoted(at.value));
    pull.push({ word: isTrue ? flag : `${flag}=false`, at });
  }
  const modules = allAssignments(unit, section, 'ContainersConfModule');
  return {
    global: [
      ...modules.map((at) => ({ word: `--module=${at.value}`, at })),
      ...wordsOf(unit, section, 'GlobalArgs'),
    ],
    pull: [...pull, ...wordsOf(unit, section, 'PodmanArgs')],
  };
}

function wordsOf(unit: Unit, section: string, key: string): readonly Word[] {
  return allAssignments(unit, section, key).flatMap((at) =>
    splitArguments(at.value).map((word) => ({ word, at })),
  );
}
