import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { Failure } from '../model/failure.ts';
import { parsePolicy, type Policy } from '../policy/parse-policy.ts';

/**
 * The signature policy that skopeo will go by: the user's own, else the host's (containers-policy.json(5)).
 * @throws Failure `BadConfiguration` where there is none, as skopeo then refuses every image
 */
export async function readHostPolicy(): Promise<Policy> {
  const files = [join(homedir(), '.config/containers/policy.json'), '/etc/containers/policy.json'];
  for (const file of files) {
    try {
      return parsePolicy(readFileSync(file, 'utf8'), file);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }
  throw new Failure(
    'BadConfiguration',
    `${files.at(-1)} is not there, and skopeo pulls nothing without it: install it`,
  );
}
