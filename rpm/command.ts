import type { Command, Option } from 'commander';
import { programTree } from '../src/cli/program.ts';

/** What a person types behind the program's name. */
export interface CommandLine {
  readonly name: string;
  readonly description: string;
  /** As usage has them: `<image>`, `[root]`, `<path...>`. */
  readonly arguments: readonly { readonly usage: string; readonly description: string }[];
  readonly options: readonly Switch[];
}

export interface Switch {
  /** `--root`; a short one, `-V`, stands before. */
  readonly names: readonly [string, ...string[]];
  /** `dir`, where it takes one. */
  readonly value: string | undefined;
  readonly description: string;
}

/** The commands as the program itself has them, and its own options as those of a command without a name. */
export function commandLines(): readonly CommandLine[] {
  const program = programTree(new AbortController().signal, () => {});
  const hidden = (each: Command): boolean => (each as unknown as { _hidden: boolean })._hidden;
  return [program, ...program.commands.filter((each) => !hidden(each))].map((command, index) => ({
    name: index === 0 ? '' : command.name(),
    description: command.description(),
    arguments: command.registeredArguments.map((argument) => ({
      usage: `${argument.required ? '<' : '['}${argument.name()}${argument.variadic ? '...' : ''}${argument.required ? '>' : ']'}`,
      description: argument.description,
    })),
    options: [...command.options.filter((option) => !option.hidden).map(asSwitch), help],
  }));
}

/** Commander adds it by itself. */
const help: Switch = { names: ['-h', '--help'], value: undefined, description: 'say how it is used' };

function asSwitch({ short, long, flags, description }: Option): Switch {
  const names = [short, long].filter((name) => name !== undefined);
  const [first = flags, ...others] = names;
  return { names: [first, ...others], value: /[<[]([\w-]+)/.exec(flags)?.[1], description };
}

/** The start of a description that a completion has room for. */
export function shortly(description: string): string {
  return description.split(/; |\. | \(|: /)[0] ?? '';
}

/** What completes the value of an option or an argument: by its name in the usage. */
export function kindOfValue(name: string): 'folder' | 'file' | 'other' {
  if (/^(?:dir|root)$/.test(name)) return 'folder';
  return name === 'file' ? 'file' : 'other';
}
