/** The reference of the D-Bus interface in Markdown: each member of the introspection data with the comment that stands before or behind it. */
export function referenceText(xml: string): string {
  const lines = [
    '# org.boundimages1',
    '',
    'The D-Bus interface of bound-images on the system bus, made of `src/dbus/org.boundimages1.xml`, which `Introspect` serves as it is.',
    '',
    ...introduction(xml),
  ];
  const interfaces = xml.matchAll(
    /(?:<!--((?:(?!-->)[\s\S])*)-->\s*)?<interface name="([^"]+)">([\s\S]*?)<\/interface>/g,
  );
  for (const [, about = '', name = '', members = ''] of interfaces) {
    lines.push('', `## ${name}`, '', sentence(about), ...describeMembers(members));
  }
  return `${lines.join('\n')}\n`;
}

function introduction(xml: string): string[] {
  const [, text = ''] = /<!--([\s\S]*?)-->/.exec(xml) ?? [];
  return text
    .trim()
    .split('\n')
    .map((line) => `- ${line.trim()}`);
}

const memberPattern =
  /(?:<!--((?:(?!-->)[\s\S])*)-->\s*)?<(method|signal|property) name="(\w+)"([^>]*?)(?:\/>|>([\s\S]*?)<\/\2>)[ \t]*(?:<!--((?:(?!-->)[\s\S])*)-->[ \t]*(?=\n))?/g;

function describeMembers(text: string): string[] {
  const lines: string[] = [];
  for (const [, before = '', kind, name = '', attributes = '', inner = '', behind = ''] of text.matchAll(
    memberPattern,
  )) {
    const about = sentence([before, behind].filter((part) => part !== '').join(' '));
    const heading = kind === 'property' ? property(name, attributes, inner) : `${name}(${args(inner)})`;
    lines.push('', `### ${kind} \`${heading}\``, ...(about === '' ? [] : ['', about]));
  }
  return lines;
}

function args(inner: string): string {
  const found = inner.matchAll(/<arg name="(\w+)" type="([^"]+)"(?: direction="(\w+)")?/g);
  const texts = [...found].map(([, name, type, direction]) => ({
    text: `${name} ${type}`,
    out: direction === 'out',
  }));
  const list = (out: boolean): string =>
    texts
      .filter((text) => text.out === out)
      .map(({ text }) => text)
      .join(', ');
  return list(true) === '' ? list(false) : `${list(false)}) → (${list(true)}`;
}

function property(name: string, attributes: string, inner: string): string {
  const [, type = ''] = /type="([^"]+)"/.exec(attributes) ?? [];
  const [, changes = 'true'] = /EmitsChangedSignal" value="(\w+)"/.exec(inner) ?? [];
  return `${name} ${type}${changes === 'true' ? '' : `, ${changes}`}`;
}

function sentence(comment: string): string {
  const text = comment
    .trim()
    .replaceAll(/\s+/g, ' ')
    .replaceAll(/[|*_<>]/g, String.raw`\$&`);
  // A value or a key at the start stays as it is written.
  const start = /^[a-z]+[ ,]/.test(text) ? text.slice(0, 1).toUpperCase() : text.slice(0, 1);
  return text === '' ? '' : `${start}${text.slice(1)}${/[.:]$/.test(text) ? '' : '.'}`;
}
