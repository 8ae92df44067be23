import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Digest } from '../../src/model/digest.ts';
import { runProgram } from '../../src/system/run-program.ts';
import { type Host, type HostOptions, type HostResult, bootHost } from '../host/boot.ts';
import { type Image, writeLayout } from '../support/image.ts';

export interface BootcHostOptions extends HostOptions {
  /** What is installed and booted. It is pushed as `osReference` first. */
  readonly osImage: Image;
  readonly backend?: 'ostree' | 'composefs';
}

export interface BootcHost extends Host {
  /** Pushes into the registry of the host, 127.0.0.1:5000, which stays across reboots. `reference` names it without a transport. */
  push(content: Image | readonly Image[], reference: string): Promise<Digest>;
  /** Standard output of a command that has to succeed. @throws Error with what it said */
  stdoutOf(...argv: readonly string[]): Promise<string>;
  /** Runs a command that reboots the host, as `bootc upgrade --apply` does, and returns when it is up again. */
  rebootBy(...argv: readonly string[]): Promise<void>;
}

/** The OS image that such a host follows. */
export const osReference = '127.0.0.1:5000/os:latest';

const shutdownLimitMs = 60_000;
const standIn = '/usr/libexec/bootc-standin';

/**
 * Boots a host of Debian that is a bootc host as far as one can be without a boot loader: real ostree deployments below
 * `/sysroot`, which is read-only, staged and finalized by the real ostree; the stand-in `bootc` and its units; a registry. What is
 * booted has its `/usr/lib/bootc`, `/usr/share/containers/systemd` and `os-release` bound over the host's own, chosen anew at each boot.
 */
export async function bootBootcHost(options: BootcHostOptions): Promise<BootcHost> {
  const host = await bootHost({
    ...options,
    binds: {
      '/usr/local/bin/node': process.execPath,
      [standIn]: import.meta.dirname,
      ...options.binds,
    },
  });
  const checked = async (...argv: readonly string[]): Promise<string> =>
    succeeded(argv, await host.run(argv));
  const push = async (content: Image | readonly Image[], reference: string): Promise<Digest> => {
    const folder = '/var/tmp/pushed';
    const outside = host.path(folder);
    await mkdir(outside, { recursive: true });
    const digest = await writeLayout(outside, 'image', content);
    const argv = [
      'copy',
      '--quiet',
      '--all',
      '--preserve-digests',
      `oci:${folder}:image`,
      `docker://${reference}`,
    ];
    await checked('skopeo', ...argv);
    await rm(outside, { recursive: true });
    return digest;
  };
  const rebootBy = async (...argv: readonly string[]): Promise<void> => {
    const [, leaderPid = ''] = /^\/proc\/(\d+)\//.exec(host.path('/')) ?? [];
    // It answers or is ended with the host, whichever comes first.
    await host.run(argv).catch(() => {});
    await runProgram('tail', [`--pid=${leaderPid}`, '--follow', '/dev/null'], { limitMs: shutdownLimitMs });
    await host.start();
  };
  try {
    await checked('sh', join(standIn, 'install.sh'), options.backend ?? 'ostree');
    await push(options.osImage, osReference);
    await checked('node', join(standIn, 'install.ts'), osReference);
    await host.reboot();
  } catch (error) {
    await host[Symbol.asyncDispose]();
    throw error;
  }
  return { ...host, push, stdoutOf: checked, rebootBy };
}

function succeeded(argv: readonly string[], { exitCode, stdout, stderr }: HostResult): string {
  if (exitCode === 0) return stdout.trim();
  throw new Error(`${argv.join(' ')} ended with ${exitCode}: ${stderr}`);
}
