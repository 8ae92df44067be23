import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { readMessages } from '../../../src/cockpit/po/extract.ts';
import { mergePo, templateText, textsOf } from '../../../src/cockpit/po/messages.ts';
import { parsePo } from '../../../src/cockpit/po/parse-po.ts';
import { translationScript } from '../../../src/cockpit/po/translation-script.ts';

const folder = join(import.meta.dirname, '../../../src/cockpit/po');
const messages = await readMessages();
const catalogs = (await readdir(folder)).filter((file) => file.endsWith('.po'));

test('the template has what the page says now: node src/cockpit/po/extract.ts', async () => {
  expect(await readFile(join(folder, 'boundimages.pot'), 'utf8')).toBe(templateText(messages));
});

test.each(catalogs)('%s is up to date, complete, and keeps what is put in', async (file) => {
  const text = await readFile(join(folder, file), 'utf8');
  const catalog = parsePo(text);
  expect(mergePo(catalog, messages)).toBe(text);
  const placeholders = (one: string): string[] => (one.match(/\$\d/g) ?? []).toSorted();
  for (const { id, translations } of catalog.entries)
    for (const translation of translations) {
      expect([id, translation]).not.toContain('');
      expect([id, placeholders(translation)]).toEqual([id, placeholders(id)]);
    }
});

test('finds literals as the formatter leaves them', () => {
  const source = `_('one') _(\n  "it's two",\n) ngettext(\n 'a $0', 'many $0', 3) gettext('no') _(name) _('say \\'x\\' "y"')`;
  expect(textsOf(source)).toEqual([
    ['one', undefined],
    ["it's two", undefined],
    ['a $0', 'many $0'],
    [`say 'x' "y"`, undefined],
  ]);
});

test('makes a script that cockpit.locale() takes', () => {
  const po = [
    'msgid ""',
    'msgstr ""',
    '"Language: de\\n"',
    '"Plural-Forms: nplurals=2; plural=n != 1;\\n"',
    '',
    'msgid "$0 image"',
    'msgid_plural "$0 images"',
    'msgstr[0] "$0 Abbild"',
    'msgstr[1] "$0 Abbilder"',
    '',
    '# a comment',
    'msgid "long "',
    '"text"',
    'msgstr "langer \\"Text\\""',
    '',
    'msgid "not translated"',
    'msgstr ""',
  ].join('\n');
  let given: Record<string, unknown> = {};
  const cockpit = { locale: (catalog: Record<string, unknown>) => (given = catalog) };
  runInNewContext(translationScript(parsePo(po)), { cockpit });
  expect(JSON.parse(JSON.stringify(given))).toEqual({
    '': { language: 'de', 'language-direction': 'ltr' },
    '$0 image': [null, '$0 Abbild', '$0 Abbilder'],
    'long text': [null, 'langer "Text"'],
  });
  const { 'plural-forms': rule } = given[''] as { 'plural-forms': (count: number) => boolean };
  expect([rule(1), rule(2)]).toEqual([false, true]);
});

test('a plural rule that is more than a rule becomes no code', () => {
  const headers = new Map([['Plural-Forms', 'nplurals=2; plural=alert(n)']]);
  expect(() => translationScript({ headers, entries: [] })).toThrow('alert');
});

test('a line that is none is named', () => {
  expect(() => parsePo('msgid "a"\nmsgstr b')).toThrow('line 2');
});
