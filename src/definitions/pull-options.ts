import { posix } from 'node:path';
import type { PullOptions } from '../model/definition.ts';
import type { Problem } from '../model/problem.ts';
import { withoutSpecifiers } from './bootc-reading.ts';
import { problem, shown, type Place } from '../model/problem-codes.ts';
import { sectionOf, unitCommand, type UnitType, type Word } from './pull-arguments.ts';
import { lastAssignment, type Unit } from './unit-file.ts';

export interface ReadPullOptions {
  readonly pull: PullOptions;
  readonly problems: readonly Problem[];
}

type Writable = { -readonly [Key in keyof PullOptions]: PullOptions[Key] };
/** Takes a flag's value over into the options; an answer says what is wrong with the value. */
type Take = (value: string, into: Writable) => string | undefined;

const boolean = new Map<string, boolean>([
  ...['1', 't', 'T', 'TRUE', 'true', 'True'].map((text) => [text, true] as const),
  ...['0', 'f', 'F', 'FALSE', 'false', 'False'].map((text) => [text, false] as const),
]);
const policies = new Map<string, NonNullable<PullOptions['policy']>>([
  ['always', 'always'],
  ['missing', 'missing'],
  ['ifmissing', 'missing'],
  ['ifnotpresent', 'missing'],
  ['never', 'never'],
  ['newer', 'newer'],
  ['ifnewer', 'newer'],
]);
const unitMs = new Map([
  ['ns', 1e-6],
  ['us', 1e-3],
  ['µs', 1e-3],
  ['μs', 1e-3],
  ['ms', 1],
  ['s', 1_000],
  ['m', 60_000],
  ['h', 3_600_000],
]);

/** The flags of podman-pull(1) that take a value and change what is pulled, and how. */
const valueFlags = new Map<string, Take>([
  ['--arch', (value, into) => void (into.arch = value)],
  ['--os', (value, into) => void (into.os = value)],
  ['--variant', (value, into) => void (into.variant = value)],
  ['--platform', takePlatform],
  // podman's own working folder is "/" when systemd starts it.
  ['--authfile', (value, into) => void (into.authFile = posix.resolve('/', value))],
  ['--cert-dir', (value, into) => void (into.certDir = posix.resolve('/', value))],
  ['--creds', (value, into) => void (into.creds = value)],
  ['--decryption-key', (value, into) => void (into.decryptionKey = value)],
  ['--policy', takePolicy],
  ['--retry', takeRetry],
  ['--retry-delay', takeRetryDelay],
]);
/** Flags that are on without a value. The rest of them changes nothing for us. */
const switches = new Set(['--tls-verify', '--all-tags', '-a', '--quiet', '-q', '--disable-content-trust']);

/** What a unit says of how to pull. What cannot be honoured is named in the problems; no value of a flag is, for it may be secret. */
export function readPullOptions(unit: Unit, type: UnitType): ReadPullOptions {
  const { global, pull: words } = unitCommand(unit, type);
  const pull: Writable = {};
  const problems: Problem[] = readGlobal(global);
  for (let index = 0; index < words.length; index += 1) {
    const { word, at } = words[index] as Word;
    const equals = word.indexOf('=');
    const flag = equals === -1 ? word : word.slice(0, equals);
    const inline = equals === -1 ? undefined : word.slice(equals + 1);
    const take = valueFlags.get(flag);
    if (take !== undefined) {
      if (inline === undefined) index += 1;
      const value = inline ?? words[index]?.word;
      problems.push(...takeValue(take, flag, value, at, pull));
    } else if (switches.has(flag)) {
      problems.push(...takeSwitch(flag, inline ?? 'true', at, pull));
    } else if (type === 'image') {
      // `podman run` has a hundred flags more, which say nothing of the pull.
      problems.push(unknownArgument(word, at, 'podman image pull'));
    }
  }
  problems.push(...readImageTag(unit, type));
  return { pull, problems };
}

function takeValue(
  take: Take,
  flag: string,
  value: string | undefined,
  at: Place,
  into: Writable,
): readonly Problem[] {
  if (value === undefined) return [problem('bad-value', at, `${flag} has no value. Give it one.`)];
  const plain = withoutSpecifiers(value);
  if (plain === undefined) {
    const text = `the value of ${flag} has a % specifier, which only systemd can expand: it is not used. Write the value out, a % as %%.`;
    return [problem('option-specifier', at, text)];
  }
  const wrong = take(plain, into);
  return wrong === undefined ? [] : [problem('bad-value', at, `${flag} ${wrong}: it is not used.`)];
}

function takeSwitch(flag: string, value: string, at: Place, into: Writable): readonly Problem[] {
  const isOn = boolean.get(value);
  if (isOn === undefined)
    return [problem('bad-value', at, `${flag} is neither true nor false: it is not used.`)];
  if (flag === '--tls-verify') into.tlsVerify = isOn;
  if ((flag === '--all-tags' || flag === '-a') && isOn) {
    const text =
      'all tags of a repository are never fetched, only the one in Image=. Bind each tag by itself.';
    return [problem('all-tags', at, text)];
  }
  return [];
}

function readGlobal(words: readonly Word[]): Problem[] {
  const problems: Problem[] = [];
  for (let index = 0; index < words.length; index += 1) {
    const { word, at } = words[index] as Word;
    const isStorageOption = word === '--storage-opt';
    const option = isStorageOption ? words[index + 1]?.word : word.replace(/^--storage-opt=/, '');
    if (isStorageOption) index += 1;
    // The store that bound images are in: what every quadlet of one should have.
    if (option !== word && option?.startsWith('additionalimagestore=') === true) continue;
    if (word.startsWith('--module=')) {
      const text =
        'a containers.conf module is not applied when the image is fetched. Set what it sets for the host.';
      problems.push(problem('containers-conf-module', at, text));
    } else problems.push(unknownArgument(word, at, 'podman'));
  }
  return problems;
}

function unknownArgument(word: string, at: Place, command: string): Problem {
  const what = word.startsWith('-') ? shown(word.replace(/=.*$/s, '')) : 'a word that is no flag';
  return problem(
    'unknown-argument',
    at,
    `${what} for "${command}" is not applied when the image is fetched. Remove it, or use a key of its own.`,
  );
}

function readImageTag(unit: Unit, type: UnitType): readonly Problem[] {
  const at = type === 'image' ? lastAssignment(unit, sectionOf.image, 'ImageTag') : undefined;
  if (at === undefined || at.value === '') return [];
  const text =
    'ImageTag= names what an archive holds; a fetched image has the name in Image= alone. Remove ImageTag=.';
  return [problem('image-tag', at, text)];
}

function takePlatform(value: string, into: Writable): string | undefined {
  const [os, arch, variant, ...more] = value.split('/');
  if (os === undefined || arch === undefined || os === '' || arch === '' || more.length > 0)
    return 'is not of the form os/arch[/variant]';
  into.os = os;
  into.arch = arch;
  if (variant !== undefined) into.variant = variant;
  return undefined;
}

function takePolicy(value: string, into: Writable): string | undefined {
  const policy = policies.get(value.toLowerCase());
  if (policy === undefined) return 'is none of always, missing, never, newer';
  into.policy = policy;
  return undefined;
}

function takeRetry(value: string, into: Writable): string | undefined {
  if (!/^\d{1,9}$/.test(value)) return 'is no number of tries';
  into.retry = Number(value);
  return undefined;
}

/** A duration as Go writes it: `1m30s`, `1.5s`, `0`. */
function takeRetryDelay(value: string, into: Writable): string | undefined {
  const parts = [...value.matchAll(/(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h)/g)];
  if (value !== '0' && (parts.length === 0 || parts.map(([text]) => text).join('') !== value))
    return 'is no duration, such as 30s';
  const delayMs = parts.reduce(
    (sum, [, count, unit]) => sum + Number(count) * (unitMs.get(unit ?? '') ?? 0),
    0,
  );
  into.retryDelayMs = Math.round(delayMs);
  return undefined;
}
