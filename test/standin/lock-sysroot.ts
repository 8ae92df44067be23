import { spawn } from 'node:child_process';
import { once } from 'node:events';

// As libglnx locks and unlocks: an open file description lock, on a file that its holder removes. A lock on a file that was
// removed meanwhile is none.
const script = `
while :; do
  exec 9>>/ostree/lock
  flock --fcntl --nonblock 9 || { echo 'Waiting for sysroot lock...' >&2; flock --fcntl 9; }
  [ "$(stat --format=%i /ostree/lock 2>/dev/null)" = "$(stat --dereference --format=%i /proc/self/fd/9)" ] && break
done
echo locked
cat >/dev/null
rm -f /ostree/lock`;

/** Holds the sysroot's exclusive lock, which ostree has too while it changes deployments, until it is disposed of. */
export async function lockSysroot(): Promise<AsyncDisposable> {
  const holder = spawn('sh', ['-c', script], { stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = once(holder, 'exit');
  await Promise.race([once(holder.stdout, 'data'), ended]);
  return {
    [Symbol.asyncDispose]: async () => {
      holder.stdin.end();
      await ended;
    },
  };
}
