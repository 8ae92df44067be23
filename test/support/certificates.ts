import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runProgram } from '../../src/system/run-program.ts';

export interface Certificates {
  /** Of the authority that signed both. */
  readonly caPath: string;
  readonly server: { readonly certificatePath: string; readonly keyPath: string };
  readonly client: { readonly certificatePath: string; readonly keyPath: string };
}

/** Makes an authority, a certificate for servers on 127.0.0.1 and one for a client, all valid for a day. */
export async function makeCertificates(folder: string): Promise<Certificates> {
  const ca = filesOf(folder, 'ca');
  await openssl('req', '-x509', ...newKey(ca), '-subj', '/CN=Test authority', '-days', '1');
  const extensionsPath = join(folder, 'extensions');
  await writeFile(extensionsPath, 'subjectAltName = IP:127.0.0.1, DNS:localhost\n');
  for (const name of ['server', 'client']) {
    const { keyPath, certificatePath } = filesOf(folder, name);
    const requestPath = join(folder, `${name}.csr`);
    await openssl('req', ...newKey({ keyPath, certificatePath: requestPath }), '-subj', `/CN=${name}`);
    const signer = ['-CA', ca.certificatePath, '-CAkey', ca.keyPath, '-CAcreateserial', '-days', '1'];
    const files = ['-in', requestPath, '-out', certificatePath, '-extfile', extensionsPath];
    await openssl('x509', '-req', ...files, ...signer);
  }
  return { caPath: ca.certificatePath, server: filesOf(folder, 'server'), client: filesOf(folder, 'client') };
}

function filesOf(folder: string, name: string): { certificatePath: string; keyPath: string } {
  return { certificatePath: join(folder, `${name}.crt`), keyPath: join(folder, `${name}.key`) };
}

function newKey(files: { certificatePath: string; keyPath: string }): string[] {
  const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  return [...kind, '-keyout', files.keyPath, '-out', files.certificatePath];
}

async function openssl(...argv: string[]): Promise<void> {
  const { exitCode, stderr } = await runProgram('openssl', argv);
  if (exitCode !== 0) throw new Error(`openssl ${argv[0]} failed: ${stderr}`);
}
