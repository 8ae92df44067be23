import type { CommandLine, Switch } from '../command.ts';
import { argument, prose } from './mdoc.ts';

/** Every command of the program with its options, in mdoc(7), for bound-images(1). */
export function commandsText(lines: readonly CommandLine[]): string {
  return lines.map(command).join('\n');
}

function command({ name, description, arguments: taken, options }: CommandLine): string {
  const usage = taken.map((each) => ` ${usageOf(each.usage)}`).join('');
  const head = name === '' ? [] : [`.Ss ${name}`, `.Nm Cm ${name} Oo Ar options Oc${usage}`, '.Pp'];
  return [
    ...head,
    ...(name === '' ? [] : [sentence(description)]),
    ...(name === '' ? ['.Ss Options of every command'] : []),
    '.Bl -tag -width Ds',
    ...taken.flatMap((each) => [`.It ${usageOf(each.usage)}`, sentence(each.description)]),
    ...options.flatMap((option) => [`.It ${flags(option)}`, sentence(option.description)]),
    '.El',
  ].join('\n');
}

function usageOf(usage: string): string {
  const name = `Ar ${usage.replaceAll(/[<>[\]]/g, '').replace('...', ' ...')}`;
  return usage.startsWith('[') ? `Oo ${name} Oc` : name;
}

function flags({ names, value }: Switch): string {
  const list = names.map((name) => `Fl ${argument(name.slice(1))}`).join(' , ');
  return value === undefined ? list : `${list} Ar ${value}`;
}

function sentence(text: string): string {
  if (text === '') return '\\&';
  const end = /[.:]$/.test(text) ? '' : '.';
  return prose(`${text.slice(0, 1).toUpperCase()}${text.slice(1)}${end}`);
}
