import { type CommandLine, kindOfValue } from '../command.ts';

/** Completion for bash, which needs nothing beside bash itself. */
export function bashCompletion([program, ...commands]: readonly CommandLine[]): string {
  const all = [...(program === undefined ? [] : [program]), ...commands];
  const valued = (kind: 'folder' | 'file' | 'other'): string =>
    [
      ...new Set(
        all.flatMap(({ options }) =>
          options
            .filter(({ value }) => value !== undefined && kindOfValue(value) === kind)
            .flatMap(({ names }) => names),
        ),
      ),
    ].join('|');
  return `# bash completion for bound-images; made of the program's own commands
_bound_images() {
  local word=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD - 1]} command='' words='' i
  for ((i = 1; i < COMP_CWORD; i++)); do
    case \${COMP_WORDS[i]} in
      ${commands.map(({ name }) => name).join('|')}) command=\${COMP_WORDS[i]}; break ;;
    esac
  done
  COMPREPLY=()
  case $previous in
    ${valued('folder')}) compopt -o filenames; mapfile -t COMPREPLY < <(compgen -d -- "$word"); return ;;
    ${valued('file')}) compopt -o filenames; mapfile -t COMPREPLY < <(compgen -f -- "$word"); return ;;
    ${valued('other')}) return ;;
  esac
  case $command in
${all.map(branch).join('\n')}
  esac
  if [[ $word == -* || -z $command ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
  else
    # What an argument is: a folder, or a file that has an image.
    compopt -o filenames
    mapfile -t COMPREPLY < <(compgen -f -- "$word")
  fi
}
complete -F _bound_images bound-images
`;

  function branch({ name, options }: CommandLine): string {
    const words = options.flatMap(({ names }) => names);
    const below = name === '' ? commands.map((command) => command.name) : [];
    return `    ${name === '' ? "''" : name}) words='${[...below, ...words].join(' ')}' ;;`;
  }
}
