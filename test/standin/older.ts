import { existsSync } from 'node:fs';

/** The stand-in is a bootc that cannot stage locked, from before 1.12. */
export function isOlder(): boolean {
  return existsSync('/etc/bootc-standin/older');
}
