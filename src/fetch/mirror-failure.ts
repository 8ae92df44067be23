import type { ServerResponse } from 'node:http';
import type { Failure } from '../model/failure.ts';

/** OCI distribution-spec "Error codes": skopeo tells a signature that is not there from one it cannot reach by them. */
type ErrorCode = 'MANIFEST_UNKNOWN' | 'DENIED' | 'UNAVAILABLE';

/** Answers with an error, or ends the connection where an answer has begun: skopeo then finds bytes missing. */
export function answerError(response: ServerResponse, status: number, code: ErrorCode): void {
  if (response.headersSent || response.destroyed) {
    response.destroy();
    return;
  }
  for (const name of response.getHeaderNames()) response.removeHeader(name);
  const body = JSON.stringify({ errors: [{ code, message: code.toLowerCase().replace('_', ' ') }] });
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
  });
  response.end(response.req.method === 'HEAD' ? undefined : body);
}

/** What a failure behind the mirror is told skopeo as. It must take nothing but `NotFound` for an absent signature. */
export function answerFailure(response: ServerResponse, failure: Failure): void {
  if (failure.code === 'NotFound') answerError(response, 404, 'MANIFEST_UNKNOWN');
  else if (failure.code === 'Authentication') answerError(response, 403, 'DENIED');
  else answerError(response, 503, 'UNAVAILABLE');
}
