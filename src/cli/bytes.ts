import prettyBytes from 'pretty-bytes';

/** `4.2 MB`: decimal units, three significant digits, as podman prints sizes. */
export function formatBytes(bytes: number): string {
  return prettyBytes(bytes, { maximumFractionDigits: bytes < 10_000_000 ? 1 : 0 });
}
