import { type CommandLine, type Switch, kindOfValue, shortly } from '../command.ts';

/** Completion for zsh: a function of compinit, see zshcompsys(1). */
export function zshCompletion([program, ...commands]: readonly CommandLine[]): string {
  return `#compdef bound-images
# Made of the program's own commands.
_bound-images() {
  local context state line
  typeset -A opt_args
  _arguments -C ${words(program?.options ?? [])} \\
    '1:command:->command' '*::argument:->argument'
  case $state in
    command)
      local -a commands=(
${commands.map(({ name, description }) => `        ${quoted(`${name}:${shortly(description)}`)}`).join('\n')}
      )
      _describe command commands
      ;;
    argument)
      case $line[1] in
${commands.map((command) => `        ${command.name}) _arguments ${words(command.options)} '*:argument:_files' ;;`).join('\n')}
      esac
      ;;
  esac
}
_bound-images "$@"
`;
}

function words(options: readonly Switch[]): string {
  return options
    .flatMap(({ names, value, description }) =>
      names.map((name) => quoted(`${name}[${bracketed(shortly(description))}]${valueOf(value)}`)),
    )
    .join(' ');
}

function valueOf(value: string | undefined): string {
  if (value === undefined) return '';
  const action = { folder: '_files -/', file: '_files', other: ' ' }[kindOfValue(value)];
  return `:${value}:${action}`;
}

function bracketed(text: string): string {
  return text.replaceAll(/[[\]:\\]/g, String.raw`\$&`);
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
