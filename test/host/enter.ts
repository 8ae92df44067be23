/** Who runs a command inside a host, where, and with which environment beside the usual one. */
export interface Inside {
  readonly env?: Readonly<Record<string, string>>;
  /** Absolute; `/` unless given. */
  readonly workingFolder?: string;
  /** A user of the host; root unless given. */
  readonly user?: string;
}

const environment = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  LANG: 'C.UTF-8',
  // On the disk, while /tmp is a tmpfs: container stores and large files go there.
  TMPDIR: '/var/tmp',
};

/**
 * The argument vector, for outside, that runs `argv` inside the host of process `leaderPid`. The process moves into `cgroup`,
 * one of the host's own, because nsenter alone would leave it in ours, where podman finds no path for its containers.
 */
export function enterArgv(
  leaderPid: number,
  cgroup: string,
  argv: readonly string[],
  inside: Inside = {},
): [string, ...string[]] {
  const { user = 'root', workingFolder = '/' } = inside;
  const home = user === 'root' ? '/root' : `/home/${user}`;
  const env = { ...environment, HOME: home, USER: user, ...inside.env };
  const asUser = user === 'root' ? [] : ['runuser', '--user', user, '--'];
  const variables = Object.entries(env).map(([name, value]) => `${name}=${value}`);
  const join = ['-c', 'echo $$ >"$0/cgroup.procs" && exec "$@"', cgroup];
  const enter = ['nsenter', '--target', String(leaderPid), '--all', '--'];
  const fresh = ['env', '-i', `--chdir=${workingFolder}`, ...variables];
  return ['/bin/sh', ...join, ...enter, ...fresh, ...asUser, ...argv];
}
