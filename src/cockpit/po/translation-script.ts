import type { Catalog } from './parse-po.ts';

/** A plural rule may be made of nothing else: it becomes code. */
const pluralRule = /^nplurals=\d; plural=([n\d\s()?:!=<>&|%]+);?$/;

/**
 * The script that gives a catalog to cockpit.locale().
 * @throws Error for a plural rule that is no expression of n
 */
export function translationScript({ headers, entries }: Catalog): string {
  const [, rule] = pluralRule.exec(headers.get('Plural-Forms') ?? '') ?? [];
  if (rule === undefined) throw new Error(`no plural rule: ${headers.get('Plural-Forms')}`);
  const language = headers.get('Language') ?? '';
  const head = `"plural-forms":(n)=>${rule},"language":${JSON.stringify(language)},"language-direction":"ltr"`;
  const messages = entries
    .filter(({ translations }) => translations.every((text) => text !== ''))
    .map(({ id, translations }) => `${JSON.stringify(id)}:${JSON.stringify([null, ...translations])}`);
  return `cockpit.locale({${[`"":{${head}}`, ...messages].join(',\n')}});\n`;
}
