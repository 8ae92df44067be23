import type { FailureCode } from '../model/failure.ts';

// bootc and ostree have one exit status for every failure; what is below comes from containers/image, podman and errno(3). The
// first that matches counts: a registry's refusal is told from the network's by its words.
const signs: readonly (readonly [RegExp, FailureCode])[] = [
  [/no space left on device|min-free-space/i, 'NoSpace'],
  [/No staged deployment/i, 'NotFound'],
  [
    /unauthorized|authentication required|access to the resource is denied|invalid username\/password/i,
    'Authentication',
  ],
  [/rejected by policy|signature was required|Source image rejected/i, 'Policy'],
  [/manifest unknown|name unknown|repository name not known/i, 'NotFound'],
  [
    /connection (?:refused|reset)|i\/o timeout|TLS handshake timeout|no such host|network is unreachable|no route to host|unexpected EOF|too ?many ?requests|received unexpected HTTP status: 5\d\d|context deadline exceeded/i,
    'Transient',
  ],
];

/** What a failed run of bootc or ostree means, by what it wrote to stderr. */
export function classifyBootc(stderr: string): FailureCode {
  return signs.find(([sign]) => sign.test(stderr))?.[1] ?? 'ProgramFailed';
}
