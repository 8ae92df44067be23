import { trimSpace } from './unit-file.ts';

/**
 * What bootc itself makes of the file that an entry leads to (bootc 1.16, crates/lib/src/boundimage.rs). It reads that
 * file alone, with a plain INI parser (tini 1.3) that cuts values at "#" and ";" and knows no continuation lines, and ends
 * its whole query at the first file it cannot read: an upgrade fails after staging, and every prune fails.
 */
export type BootcReading =
  | { readonly kind: 'image'; readonly image: string; readonly line: number }
  | {
      readonly kind: 'refused';
      readonly code: BootcRefusal;
      readonly line?: number;
      readonly reason: string;
    };

type BootcRefusal = 'bootc-syntax' | 'bootc-no-image' | 'bootc-specifier' | 'bootc-auth-file';

/** Pure. `type` is the entry's own extension, not that of the file it leads to. */
export function readAsBootc(text: string, type: 'image' | 'container'): BootcReading {
  const wanted = type === 'image' ? 'Image' : 'Container';
  let section = '';
  let image: { value: string; line: number } | undefined;
  let authFileLine: number | undefined;
  let line = 0;
  for (const raw of text.split('\n')) {
    line += 1;
    const comment = raw.search(/[;#]/);
    const content = trimSpace(comment === -1 ? raw : raw.slice(0, comment));
    if (content === '') continue;
    if (content.startsWith('[')) {
      if (!content.endsWith(']')) return refused('bootc-syntax', 'the section name is not closed', line);
      section = content.replace(/^[[\]]+|[[\]]+$/g, '');
      continue;
    }
    const equals = content.indexOf('=');
    const key = trimSpace(content.slice(0, Math.max(equals, 0)));
    if (equals === -1)
      return refused('bootc-syntax', 'it has no "=" (continuation lines are not known to bootc)', line);
    if (key === '') return refused('bootc-syntax', 'nothing stands before "="', line);
    if (section !== wanted) continue;
    if (key === 'Image') image = { value: trimSpace(content.slice(equals + 1)), line };
    if (key === 'AuthFile' && type === 'image') authFileLine = line;
  }
  if (image === undefined) return refused('bootc-no-image', `it has no Image= in [${wanted}]`);
  if (authFileLine !== undefined)
    return refused('bootc-auth-file', 'bootc refuses every AuthFile=', authFileLine);
  const value = withoutSpecifiers(image.value);
  if (value === undefined) return refused('bootc-specifier', 'a % is not doubled', image.line);
  return { kind: 'image', image: value, line: image.line };
}

/** `%%` made `%`; undefined where any other specifier of systemd.unit(5) is left, which only a running systemd could expand. */
export function withoutSpecifiers(value: string): string | undefined {
  return value.replaceAll('%%', '').includes('%') ? undefined : value.replaceAll('%%', '%');
}

function refused(code: BootcRefusal, reason: string, line?: number): BootcReading {
  return { kind: 'refused', code, reason, ...(line === undefined ? {} : { line }) };
}
