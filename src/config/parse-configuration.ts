import { parse, TomlError } from 'smol-toml';
import { Failure } from '../model/failure.ts';
import { shown } from '../model/problem-codes.ts';
import { closest } from './closest.ts';
import { keys, type Key } from './keys.ts';
import { lineOf } from './line-of.ts';

/** What one file sets: `fetch.engine` to its parsed value. */
export type Settings = ReadonlyMap<string, unknown>;

const mostProblems = 10;

/** @throws Failure `BadConfiguration`: a line for each problem, with file, line, key and remedy */
export function parseConfiguration(text: string, file: string): Settings {
  const settings = new Map<string, unknown>();
  const problems: string[] = [];
  const wrong = (what: string, section: string, key?: string): void => {
    if (problems.length < mostProblems) problems.push(`${file}:${lineOf(text, section, key)}: ${what}`);
  };
  for (const [section, table] of Object.entries(parseToml(text, file))) {
    const known = ownEntry<Readonly<Record<string, Key<unknown>>>>(keys, section);
    if (known === undefined) {
      wrong(unknown(`[${printable(section)}]`, guessSection(section)), section);
      continue;
    }
    if (typeof table !== 'object' || table === null || Array.isArray(table)) {
      wrong(`${section} has to be a table; write [${section}], and its keys below`, section);
      continue;
    }
    for (const [name, value] of Object.entries(table)) {
      const key = ownEntry(known, name);
      const path = `${section}.${printable(name)}`;
      if (key === undefined) {
        wrong(unknown(path, guessKey(section, name)), section, name);
        continue;
      }
      const parsed = key.parse(value);
      if (parsed === undefined)
        wrong(`${path} is ${toml(value)}; it has to be ${key.expected}`, section, name);
      else settings.set(path, parsed);
    }
  }
  if (problems.length > 0) throw new Failure('BadConfiguration', problems.join('\n'));
  return settings;
}

function parseToml(text: string, file: string): object {
  try {
    return parse(text, { maxDepth: 10 });
  } catch (error) {
    const place = error instanceof TomlError ? `${file}:${error.line}` : file;
    const [reason = ''] = (error as Error).message.split('\n', 1);
    throw new Failure(
      'BadConfiguration',
      `${place}: not TOML: ${reason.replace('Invalid TOML document: ', '')}`,
    );
  }
}

function unknown(what: string, guess: string | undefined): string {
  return `${what} is unknown; ${guess === undefined ? 'remove it, or see bound-images.toml(5)' : `did you mean ${guess}?`}`;
}

function guessSection(section: string): string | undefined {
  const guess = closest(section, Object.keys(keys)) ?? sectionWith(section);
  return guess === undefined ? undefined : `[${guess}]`;
}

/** In its own section first; a key in a wrong section is as likely as a misspelt one. */
function guessKey(section: string, name: string): string | undefined {
  const other = sectionWith(name);
  if (other !== undefined) return `${other}.${name}`;
  const guess = closest(name, Object.keys(keys[section as keyof typeof keys]));
  return guess === undefined ? undefined : `${section}.${guess}`;
}

function sectionWith(name: string): string | undefined {
  return Object.entries(keys).find(([, known]) => Object.hasOwn(known, name))?.[0];
}

/** `__proto__` and `constructor` are keys like others in a file, and must not find what every object has. */
function ownEntry<T>(record: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(record, name) ? record[name] : undefined;
}

function printable(name: string): string {
  return /^[\w.-]{1,100}$/.test(name) ? name : shown(name);
}

function toml(value: unknown): string {
  if (typeof value === 'string') return shown(value);
  if (Array.isArray(value)) return value.length === 0 ? '[]' : 'a list';
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : 'a table or date';
}
