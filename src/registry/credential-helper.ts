import * as v from 'valibot';
import { Failure } from '../model/failure.ts';
import { lastLine, runProgram } from '../system/run-program.ts';
import type { Credential } from './parse-auth-file.ts';
import { parseJson, validate } from './validate.ts';

const answer = v.object({ Username: v.string(), Secret: v.string() });
const limitMs = 30_000;
const limitBytes = 64 * 1024;

/**
 * Asks `docker-credential-NAME get` for a host's credential; undefined where it has none.
 * @throws Failure `BadConfiguration`, `ProgramMissing`, `TimedOut`, `Cancelled`, `BadContent`
 */
export async function askHelper(
  name: string,
  host: string,
  signal?: AbortSignal,
): Promise<Credential | undefined> {
  // A name with a slash would run any program of the host.
  if (!/^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,63}$/.test(name))
    throw new Failure(
      'BadConfiguration',
      `${JSON.stringify(name.slice(0, 64))} cannot be a credential helper`,
    );
  const program = `docker-credential-${name}`;
  const result = await runProgram(program, ['get'], { input: `${host}\n`, limitMs, limitBytes, signal });
  const text = result.stdout.toString('utf8');
  if (result.exitCode !== 0) {
    // The helpers' protocol has no status for it, only this text on stdout (docker-credential-helpers, credentials/error.go).
    if (text.trim() === 'credentials not found in native keychain') return undefined;
    const reason = lastLine(result.stderr) || `exit status ${result.exitCode}`;
    throw new Failure('BadConfiguration', `${program} could not give the credential for ${host}: ${reason}`);
  }
  const what = `answer of ${program}`;
  const { Username: username, Secret: secret } = validate(answer, parseJson(text, what), what);
  return username === '<token>'
    ? { username: '', password: '', identityToken: secret }
    : { username, password: secret };
}
