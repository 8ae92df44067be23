import { join } from 'node:path';
import { expect, test } from 'vitest';
import { commandLines } from '../../rpm/command.ts';
import { manualPages } from '../../rpm/manual/pages.ts';
import { runProgramLine } from '../../src/cli/program.ts';
import { interfaceXml } from '../../src/dbus/interface-text.ts';
import { parseInterfaces } from '../../src/dbus/parse-interfaces.ts';
import { version } from '../../src/prefetch/version.ts';

const pages = await manualPages(join(import.meta.dirname, '..', '..'));
const text = (name: string): string => pages.find((page) => page.name === name)?.text ?? '';

test('the pages that the units and the commands point at are there', () => {
  expect(pages.map(({ name }) => name)).toEqual([
    'bound-images.1',
    'bound-images.service.8',
    'bound-images.toml.5',
    'org.boundimages1.5',
  ]);
  expect(version).toMatch(/^\d+\.\d+\.\d+$/);
});

test('bound-images(1) has every option of every command', () => {
  const [, ...sections] = text('bound-images.1')
    .replaceAll('\\-', '-')
    .split(/^(?=\.Ss )/m);
  for (const { name, options, arguments: taken } of commandLines()) {
    const title = name === '' ? 'Options of every command' : name;
    const section = sections.find((each) => each.startsWith(`.Ss ${title}\n`)) ?? '';
    for (const each of options)
      for (const flag of each.names) expect(section).toContain(`Fl ${flag.slice(1)}`);
    for (const { usage } of taken) expect(section).toContain(`Ar ${/[a-z]+/.exec(usage)?.[0]}`);
  }
});

test('what the manual knows is what --help says', async () => {
  for (const { name, options } of commandLines()) {
    const said: string[] = [];
    const write = process.stdout.write.bind(process.stdout);
    process.stdout.write = (chunk: string | Uint8Array): boolean => said.push(String(chunk)) > 0;
    try {
      await runProgramLine([...(name === '' ? [] : [name]), '--help'], new AbortController().signal);
    } finally {
      process.stdout.write = write;
    }
    const flags = [...said.join('').matchAll(/^ {2}(?:(-\w), )?(--[\w-]+)/gm)].flatMap(([, short, long]) => [
      short,
      long,
    ]);
    expect(flags.filter((flag) => flag !== undefined).sort()).toEqual(
      options.flatMap(({ names }) => names).sort(),
    );
  }
});

test('org.boundimages1(5) has every member of the interface', () => {
  const page = text('org.boundimages1.5');
  for (const { name, methods, signals, properties } of parseInterfaces(interfaceXml).values()) {
    expect(page).toContain(`.Sh ${name.toUpperCase()}\n`);
    for (const kind of [
      { word: 'method', of: methods },
      { word: 'signal', of: signals },
      { word: 'property', of: properties },
    ])
      for (const member of kind.of.keys())
        expect(page).toMatch(new RegExp(`^\\.Ss ${kind.word} ${member}\\b`, 'm'));
  }
});
