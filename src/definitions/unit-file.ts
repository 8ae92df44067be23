/** The text of systemd unit files and quadlets, read as podman 5.4 reads it (its pkg/systemd/parser). Pure. */

export interface Assignment {
  readonly section: string;
  readonly key: string;
  /** Continuation lines joined, outer white space removed, nothing unquoted. */
  readonly value: string;
  /** Where it stands: a path inside the root, and the first of its lines, from 1. */
  readonly file: string;
  readonly line: number;
}

/** A unit and its drop-ins are one list, in the order in which they apply: sections of one name are one section. */
export type Unit = readonly Assignment[];

export type ParsedUnit =
  | { readonly kind: 'unit'; readonly unit: Unit }
  | { readonly kind: 'refused'; readonly line: number; readonly reason: string };

// White space as Go and Rust know it. JavaScript's own \s and trim() take U+FEFF too, which makes podman refuse the file.
const space = String.raw`[\t-\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]`;
const trailingSpace = new RegExp(`${space}+$`);
const leadingSpace = new RegExp(`^${space}+`);
const sectionLine = /^\[([^\]]*)\][ \t]*$/;
// oxlint-disable-next-line no-control-regex -- podman refuses section names with control characters
const badSectionName = /^$|\[|[\u0000-\u001f\u007f-\u009f]/;

export function parseUnit(text: string, file: string): ParsedUnit {
  const unit: Assignment[] = [];
  const lines = (text.endsWith('\n') ? text.slice(0, -1) : text).split('\n');
  let section: string | undefined;
  let pending = '';
  let pendingLine = 0;

  for (let index = 0; index < lines.length; index += 1) {
    let line = trimSpace(lines[index] ?? '');
    if (isComment(line)) continue; // also between the lines of a continuation
    const isContinued = line.endsWith('\\');
    if (isContinued) line = line.slice(0, -1);
    const lineNumber = pending === '' ? index + 1 : pendingLine;
    line = pending + line;
    // A backslash on the last line continues nothing, and a continuation that only comments follow is lost.
    pending = isContinued && index !== lines.length - 1 ? line : '';
    pendingLine = lineNumber;
    if (pending !== '' || isComment(line)) continue;

    const name = sectionLine.exec(line)?.[1];
    if (name !== undefined) {
      if (badSectionName.test(name)) return refused(lineNumber, `"[${name}]" is no section name`);
      section = name;
      continue;
    }
    const equals = line.indexOf('=');
    if (equals < 1) return refused(lineNumber, 'it is neither a section, nor Key=value, nor a comment');
    if (section === undefined) return refused(lineNumber, 'a key stands before the first section');
    unit.push({
      section,
      key: line.slice(0, equals).replace(/[\t-\r ]+$/, ''),
      value: line.slice(equals + 1).replace(/^[\t-\r ]+/, ''),
      file,
      line: lineNumber,
    });
  }
  return { kind: 'unit', unit };
}

/** The last assignment of a key; an empty one counts. */
export function lastAssignment(unit: Unit, section: string, key: string): Assignment | undefined {
  return unit.findLast((assignment) => assignment.section === section && assignment.key === key);
}

/** A value without trailing white space and without any double quotes at its ends. */
export function unquoted(value: string): string {
  return value.replace(trailingSpace, '').replace(/^"+|"+$/g, '');
}

/** The last value of a key, unquoted. */
export function lookup(unit: Unit, section: string, key: string): string | undefined {
  const at = lastAssignment(unit, section, key);
  return at === undefined ? undefined : unquoted(at.value);
}

/** Every assignment of a key since the last empty one. */
export function allAssignments(unit: Unit, section: string, key: string): readonly Assignment[] {
  const all = unit.filter((assignment) => assignment.section === section && assignment.key === key);
  return all.length === 0 ? all : all.slice(all.findLastIndex((assignment) => assignment.value === '') + 1);
}

export function trimSpace(text: string): string {
  // Nearly every line, and much cheaper than the two searches.
  if (isPlain(text.charCodeAt(0)) && isPlain(text.charCodeAt(text.length - 1))) return text;
  return text.replace(leadingSpace, '').replace(trailingSpace, '');
}

function isPlain(character: number): boolean {
  return character > 0x20 && character < 0x7f;
}

function isComment(line: string): boolean {
  return line === '' || line.startsWith('#') || line.startsWith(';');
}

function refused(line: number, reason: string): ParsedUnit {
  return { kind: 'refused', line, reason };
}
