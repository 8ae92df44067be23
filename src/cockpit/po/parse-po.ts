export interface Message {
  readonly id: string;
  /** The message of several; absent where there is but one form. */
  readonly plural?: string;
  /** A translation for each form of the language; all '' where it is not translated. */
  readonly translations: readonly string[];
}

export interface Catalog {
  readonly headers: ReadonlyMap<string, string>;
  readonly entries: readonly Message[];
}

/**
 * Reads a catalog of gettext's (GNU gettext manual, "The Format of PO Files"), without contexts, which the page has none of.
 * @throws Error naming the line that cannot be read
 */
export function parsePo(text: string): Catalog {
  const entries: Message[] = [];
  let fields = new Map<string, string>();
  let last = '';
  const end = (): void => {
    const id = fields.get('msgid');
    if (id !== undefined) entries.push(message(id, fields));
    fields = new Map();
    last = '';
  };
  for (const [index, line] of text.split('\n').entries()) {
    const [, keyword = '', quoted] =
      /^(?:(msgid|msgid_plural|msgstr(?:\[\d\])?) )?("(?:[^"\\]|\\.)*")$/.exec(line) ?? [];
    if (quoted !== undefined) {
      if (keyword === 'msgid') end();
      last = keyword === '' ? last : keyword;
      fields.set(last, (fields.get(last) ?? '') + (JSON.parse(quoted) as string));
    } else if (line === '' || line.startsWith('#')) end();
    else throw new Error(`line ${index + 1}: ${line}`);
  }
  end();
  const header = entries.find(({ id }) => id === '')?.translations[0] ?? '';
  return {
    headers: new Map(
      header.split('\n').flatMap((line) => {
        const colon = line.indexOf(': ');
        return colon < 0 ? [] : [[line.slice(0, colon), line.slice(colon + 2)] as const];
      }),
    ),
    entries: entries.filter(({ id }) => id !== ''),
  };
}

function message(id: string, fields: ReadonlyMap<string, string>): Message {
  const plural = fields.get('msgid_plural');
  if (plural === undefined) return { id, translations: [fields.get('msgstr') ?? ''] };
  const translations: string[] = [];
  for (
    let form = fields.get('msgstr[0]');
    form !== undefined;
    form = fields.get(`msgstr[${translations.length}]`)
  )
    translations.push(form);
  return { id, plural, translations };
}
