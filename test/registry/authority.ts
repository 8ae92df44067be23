import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { hostRoot } from './host-root.ts';

const run = promisify(execFile);

export interface Authority {
  readonly folder: string;
  /** PEM */
  readonly ca: string;
  readonly server: { readonly cert: string; readonly key: string };
  readonly client: { readonly certificate: string; readonly key: string };
}

/** A certificate authority made by openssl, one certificate for `localhost`, 127.0.0.1 and `registry.test`, and one for a client. */
export async function authority(): Promise<Authority> {
  const folder = await hostRoot();
  const openssl = (...argv: string[]) => run('openssl', argv, { cwd: folder });
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  await openssl(
    'req',
    '-x509',
    ...key,
    '-keyout',
    'ca.key',
    '-out',
    'ca.crt',
    '-days',
    '2',
    '-subj',
    '/CN=Test CA',
  );
  await writeFile(join(folder, 'names'), 'subjectAltName=DNS:localhost,DNS:registry.test,IP:127.0.0.1\n');
  for (const name of ['server', 'client']) {
    await openssl('req', ...key, '-keyout', `${name}.key`, '-out', `${name}.csr`, '-subj', `/CN=${name}`);
    const names = name === 'server' ? ['-extfile', 'names'] : [];
    const sign = ['-CA', 'ca.crt', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '2', ...names];
    await openssl('x509', '-req', '-in', `${name}.csr`, '-out', `${name}.crt`, ...sign);
  }
  const read = (name: string): Promise<string> => readFile(join(folder, name), 'utf8');
  return {
    folder,
    ca: await read('ca.crt'),
    server: { cert: await read('server.crt'), key: await read('server.key') },
    client: { certificate: await read('client.crt'), key: await read('client.key') },
  };
}
