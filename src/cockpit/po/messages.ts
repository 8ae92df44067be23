import type { Catalog } from './parse-po.ts';

/** A message and, where it has one, its plural. */
export type Messages = ReadonlyMap<string, string | undefined>;

const literal = String.raw`('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")`;
const calls = new RegExp(
  String.raw`\b(?:_\(\s*${literal},?\s*\)|ngettext\(\s*${literal},\s*${literal})`,
  'g',
);

/** What a source gives to `_()` and `ngettext()`, which take literals alone. */
export function textsOf(source: string): [string, string | undefined][] {
  return Array.from(source.matchAll(calls), ([, one, first, many]) =>
    one === undefined ? [unquote(first ?? ''), unquote(many ?? '')] : [unquote(one), undefined],
  );
}

export function templateText(messages: Messages): string {
  return catalogText(new Map([['Content-Type', 'text/plain; charset=UTF-8']]), messages, () => []);
}

/** A catalog with the messages that there are now: those that are new are not translated, those that are gone are left out. */
export function mergePo({ headers, entries }: Catalog, messages: Messages): string {
  const known = new Map(entries.map(({ id, translations }) => [id, translations]));
  return catalogText(headers, messages, (id) => known.get(id) ?? []);
}

function catalogText(
  headers: ReadonlyMap<string, string>,
  messages: Messages,
  translationsOf: (id: string) => readonly string[],
): string {
  const head = Array.from(headers, ([name, value]) => `"${name}: ${value}\\n"\n`).join('');
  const entries = Array.from(messages)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([id, plural]) => {
      const translations = translationsOf(id);
      if (plural === undefined) return `msgid ${quote(id)}\nmsgstr ${quote(translations[0] ?? '')}\n`;
      const forms = Array.from(
        { length: Math.max(2, translations.length) },
        (_, form) => translations[form] ?? '',
      );
      const lines = forms.map((text, form) => `msgstr[${form}] ${quote(text)}\n`);
      return `msgid ${quote(id)}\nmsgid_plural ${quote(plural)}\n${lines.join('')}`;
    });
  return [`msgid ""\nmsgstr ""\n${head}`, ...entries].join('\n');
}

function quote(text: string): string {
  return JSON.stringify(text);
}

function unquote(source: string): string {
  const inner = source.slice(1, -1).replaceAll(String.raw`\'`, "'");
  return JSON.parse(
    `"${inner.replaceAll(/\\.|"/g, (found) => (found === '"' ? String.raw`\"` : found))}"`,
  ) as string;
}
