import { type CommandLine, type Switch, kindOfValue, shortly } from '../command.ts';

/** Completion for fish, see complete(1) there. */
export function fishCompletion([program, ...commands]: readonly CommandLine[]): string {
  const names = commands.map(({ name }) => name).join(' ');
  const none = `-n "not __fish_seen_subcommand_from ${names}"`;
  return [
    "# fish completion for bound-images; made of the program's own commands",
    `complete -c bound-images -f ${none}`,
    ...(program?.options ?? []).map((option) => line(none, option)),
    ...commands.flatMap(({ name, description, options }) => [
      `complete -c bound-images ${none} -a ${name} -d ${quoted(shortly(description))}`,
      ...options.map((option) => line(`-n "__fish_seen_subcommand_from ${name}"`, option)),
    ]),
    '',
  ].join('\n');
}

function line(condition: string, { names, value, description }: Switch): string {
  const flags = names.map((name) => (name.startsWith('--') ? `-l ${name.slice(2)}` : `-s ${name.slice(1)}`));
  return `complete -c bound-images ${condition} ${flags.join(' ')}${valueOf(value)} -d ${quoted(shortly(description))}`;
}

function valueOf(value: string | undefined): string {
  if (value === undefined) return '';
  return { folder: ' -x -a "(__fish_complete_directories)"', file: ' -r -F', other: ' -x' }[
    kindOfValue(value)
  ];
}

function quoted(text: string): string {
  return `'${text.replaceAll(/['\\]/g, String.raw`\$&`)}'`;
}
