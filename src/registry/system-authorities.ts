import { readFile } from 'node:fs/promises';
import { rootCertificates } from 'node:tls';

// Where distributions keep the bundle, in the order of Go's crypto/x509 (root_linux.go), so that skopeo and we trust the same.
const bundles = [
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/ssl/ca-bundle.pem',
  '/etc/pki/tls/cacert.pem',
  '/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem',
  '/etc/ssl/cert.pem',
];

/**
 * The certificate authorities that this host trusts, PEM. Node's own list is used only where the host has none: an
 * administrator's `update-ca-trust` has to count.
 */
export async function systemAuthorities(env: NodeJS.ProcessEnv = process.env): Promise<readonly string[]> {
  const explicit = env['SSL_CERT_FILE'];
  for (const path of explicit ? [explicit] : bundles) {
    try {
      return [await readFile(path, 'utf8')];
    } catch {
      // Absent here; the next distribution's place.
    }
  }
  return rootCertificates;
}
