import type { FailureCode } from '../model/failure.ts';

/** Why skopeo failed, and its own last words without secrets. */
export interface SkopeoReason {
  readonly code: FailureCode;
  readonly text: string;
}

// skopeo has no codes, only the texts of containers/image, containers/storage and Go. Tried in this order, as one message often
// has several: a download that was cut off names the digest that did not match.
const rules: readonly (readonly [FailureCode, RegExp])[] = [
  ['NoSpace', /no space left on device|disk quota exceeded/i],
  [
    'StoreDamaged',
    /loading "[^"]*\/(?:images|layers|containers)\.json"|creating read-only layer .*no such file/i,
  ],
  ['Policy', /source image rejected|rejected by policy|signature was required|loading trust policy/i],
  [
    'DigestMismatch',
    /digest did not match|does not match (?:provided manifest|expected|config's)|would not match destination reference/i,
  ],
  [
    'Authentication',
    /StatusCode: 40[13]|authentication required|unauthorized|: denied|access to the resource is denied/i,
  ],
  ['Authentication', /getting username and password|invalid username\/password|authentication token/i],
  ['NotFound', /manifest unknown|name unknown|StatusCode: 404|repository name not known/i],
  [
    'NotFound',
    /no image found in (?:image index|manifest list)|does not resolve to an image ID|image not known/i,
  ],
  [
    'BadConfiguration',
    /x509:|failed to verify certificate|server gave HTTP response to HTTPS client|decryption key/i,
  ],
  [
    'BadConfiguration',
    /invalid destination name|driver not supported|should be decrypted, but|wrong password/i,
  ],
  ['Transient', /(?:StatusCode:|HTTP status:|code from registry) (?:408|425|429|5\d\d)|toomanyrequests/i],
  [
    'Transient',
    /connection (?:refused|reset|timed out)|i\/o timeout|TLS handshake timeout|deadline exceeded|broken pipe/i,
  ],
  [
    'Transient',
    /unexpected EOF|: EOF|no such host|network is unreachable|no route to host|server misbehaving/i,
  ],
  ['Transient', /name resolution|use of closed network connection|GOAWAY|stream error/i],
];

const textLimit = 600;

/** What an unsuccessful skopeo says on stderr. */
export function classifySkopeo(stderr: string): SkopeoReason {
  const text = lastWords(stderr);
  const code = rules.find(([, pattern]) => pattern.test(text))?.[0] ?? 'ProgramFailed';
  return { code, text };
}

/** The last fatal message, or line: logrus writes `time="..." level=fatal msg="..."`, the message quoted as in Go. */
function lastWords(stderr: string): string {
  const lines = stderr.trimEnd().split('\n');
  const line = lines.findLast((line) => line.includes('level=fatal')) ?? lines.at(-1) ?? '';
  const message = /msg="((?:[^"\\]|\\.)*)"/.exec(line)?.[1] ?? line;
  return withoutSecrets(message.replaceAll(/\\(.)/g, '$1')).slice(0, textLimit);
}

/** Registries redirect to addresses that are signed in their query, and a proxy's may hold a password. */
function withoutSecrets(text: string): string {
  return text
    .replaceAll(/(\bhttps?:\/\/)[^\s/@"]*@/g, '$1')
    .replaceAll(/(\bhttps?:\/\/[^\s?"]*)\?[^\s"]*/g, '$1?...');
}
