import { prose } from './mdoc.ts';

/** The reference of the D-Bus interface, docs/org.boundimages1.md, in mdoc(7) for org.boundimages1(5). */
export function busText(markdown: string): string {
  const start = markdown.indexOf('\n- ') + 1;
  const lines = markdown.slice(start).split('\n');
  return lines
    .filter((line) => line !== '')
    .map(macro)
    .join('\n')
    .replaceAll('\n.Pp\n.Sh ', '\n.Sh ');
}

function macro(line: string): string {
  const [, mark = '', text = ''] = /^(#+|-) (.*)$/.exec(line) ?? [];
  if (mark === '##') return `.Sh ${plain(text).toUpperCase()}`;
  if (mark === '###') return `.Ss ${plain(text)}`;
  if (mark === '-') return `${prose(plain(text))}\n.Pp`;
  return prose(plain(line));
}

/** Without the marks of Markdown. */
function plain(text: string): string {
  return text
    .replaceAll('`', '')
    .replaceAll(/\\([|*_<>])/g, '$1')
    .replaceAll('→', '->');
}
