import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { bootHost, type Host, type HostResult } from '../host/boot.ts';
import { type Image, writeLayout } from '../support/image.ts';

const project = join(import.meta.dirname, '..', '..');
/** Where the stick is plugged in, on either machine. */
export const stickPath = '/var/mnt/usb';

/** What makes `bound-images` a command of a host: this checkout. */
export const programBinds = { [project]: project, '/usr/local/bin/node': process.execPath };

export async function installProgram(host: Host): Promise<void> {
  const path = host.path('/usr/local/bin/bound-images');
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, `#!/bin/sh\nexec /usr/local/bin/node ${project}/src/main.ts "$@"\n`);
  await chmod(path, 0o755);
}

/** A machine with buildah, whose network has one registry, with TLS: registry.example.com. */
export async function bootBuilder(stick: string, content: Readonly<Record<string, Image>>): Promise<Host> {
  const binds = { ...programBinds, [stickPath]: { path: stick, rw: true } };
  const host = await bootHost({ name: 'builder', binds });
  try {
    await installProgram(host);
    await writeFile(host.path('/etc/hosts'), '127.0.0.1 localhost registry.example.com\n');
    await run(host, makeCertificate);
    await writeFile(host.path('/etc/registry.json'), JSON.stringify(registryConfiguration));
    await run(host, 'systemd-run --quiet --unit=registry docker-registry serve /etc/registry.json');
    await run(host, 'until curl --silent --fail https://registry.example.com/v2/; do sleep 0.1; done');
    for (const [name, image] of Object.entries(content)) {
      await writeLayout(host.path('/var/tmp/content'), 'image', image);
      await run(host, `skopeo copy --quiet oci:/var/tmp/content:image docker://registry.example.com/${name}`);
    }
    return host;
  } catch (error) {
    await host[Symbol.asyncDispose]();
    throw error;
  }
}

const makeCertificate = [
  'cd /usr/local/share/ca-certificates',
  'openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=registry.example.com \\',
  '  -addext subjectAltName=DNS:registry.example.com -keyout /etc/registry.key -out registry.crt',
  'update-ca-certificates',
].join('\n');

const registryConfiguration = {
  version: '0.1',
  log: { accesslog: { disabled: true } },
  storage: { filesystem: { rootdirectory: '/var/lib/registry' } },
  http: {
    addr: '127.0.0.1:443',
    tls: { certificate: '/usr/local/share/ca-certificates/registry.crt', key: '/etc/registry.key' },
  },
};

/** Runs shell commands in the home of root, up to the first that fails. */
export async function shell(host: Host, commands: string): Promise<HostResult> {
  return host.run(['sh', '-eu', '-c', commands], {
    workingFolder: '/root',
    // There is no user namespace to be had inside a test host.
    env: { BUILDAH_ISOLATION: 'chroot', HOME: '/root' },
  });
}

/** The same. @returns what they printed. @throws Error with that, where one fails */
export async function run(host: Host, commands: string): Promise<string> {
  const { exitCode, stdout, stderr } = await shell(host, commands);
  if (exitCode === 0) return stdout;
  throw new Error(`on the ${host.name} this ended with ${exitCode}:\n${commands}\n${stdout}\n${stderr}`);
}
