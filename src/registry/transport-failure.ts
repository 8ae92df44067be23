import type { errors } from 'undici';
import { asFailure, Failure } from '../model/failure.ts';

const untrusted =
  /^(?:CERT_|DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT|UNABLE_TO_|ERR_TLS_CERT_ALTNAME_INVALID|HOSTNAME_MISMATCH|INVALID_CA|UND_ERR_PRX_TLS)/;
const notTls =
  /^(?:ERR_SSL_WRONG_VERSION_NUMBER|ERR_SSL_PACKET_LENGTH_TOO_LONG|ERR_SSL_HTTP_REQUEST|ERR_SSL_UNKNOWN_PROTOCOL)$/;
const wantsIdentity = /CERTIFICATE_REQUIRED|BAD_CERTIFICATE|HANDSHAKE_FAILURE|UNKNOWN_CA/;

/** What went wrong below HTTP, at `host`. Only error codes are passed on: messages may hold addresses with signatures. */
export function transportFailure(error: unknown, host: string, signal?: AbortSignal): Failure {
  if (error instanceof Failure) return error;
  if (signal?.aborted) return new Failure('Cancelled', `${host}: cancelled`, { cause: error });
  const code = codeOf(error);
  // undici says this in the text alone.
  const proxyStatus = /^Proxy (?:response|Authentication).*\((\d{3})\)/.exec((error as Error).message)?.[1];
  if (proxyStatus !== undefined) return proxyFailure(proxyStatus, host, error);
  // What comes from the network has a code: this is a mistake of ours.
  if (code === '') return asFailure(error);
  const options = { cause: error };
  if (untrusted.test(code))
    return new Failure(
      'BadConfiguration',
      `${host}: its certificate is not trusted (${code}); put its CA into /etc/containers/certs.d/${host}/ca.crt`,
      options,
    );
  if (wantsIdentity.test(code))
    return new Failure(
      'Authentication',
      `${host}: the TLS handshake was refused (${code}); put a client certificate and key into /etc/containers/certs.d/${host}`,
      options,
    );
  if (notTls.test(code))
    return new Failure(
      'BadConfiguration',
      `${host}: it does not speak TLS; "insecure = true" in registries.conf or TLSVerify=false allow plain HTTP`,
      options,
    );
  if (code.endsWith('_TIMEOUT') || code === 'ETIMEDOUT')
    return new Failure('TimedOut', `${host}: nothing came for too long (${code})`, options);
  if (code === 'UND_ERR_HEADERS_OVERFLOW' || code === 'HPE_HEADER_OVERFLOW')
    return new Failure('BadContent', `${host}: the headers of its answer are too large`, options);
  if (code.startsWith('HPE_'))
    return new Failure('BadContent', `${host}: its answer is not HTTP (${code})`, options);
  if (code === 'UND_ERR_INVALID_ARG')
    return new Failure('BadConfiguration', `${host}: the request cannot be made (${code})`, options);
  // TLS 1.3 checks our certificate after the handshake, and the refusal is lost when the server closes at once.
  const mute = code === 'UND_ERR_SOCKET' && (error as errors.SocketError).socket?.bytesRead === 0;
  const hint = mute
    ? '; if it demands a client certificate, that is missing'
    : '; check the network and its name';
  return new Failure('Transient', `${host}: cannot be reached, or broke off (${code})${hint}`, options);
}

function proxyFailure(status: string, host: string, cause: unknown): Failure {
  return status === '407'
    ? new Failure('Authentication', `${host}: the proxy wants a login; put it into HTTPS_PROXY`, { cause })
    : new Failure('Transient', `${host}: the proxy cannot reach it (HTTP ${status})`, { cause });
}

function codeOf(error: unknown): string {
  for (let at = error; at instanceof Error; at = at.cause) {
    // Happy eyeballs: one error for all addresses.
    const inner = at instanceof AggregateError ? (at.errors[0] as unknown) : at;
    const code = (inner as NodeJS.ErrnoException).code ?? (at as NodeJS.ErrnoException).code;
    if (typeof code === 'string') return code;
  }
  return '';
}
