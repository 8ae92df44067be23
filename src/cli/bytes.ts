import prettyBytes from 'pretty-bytes';

/** `4.2 MB`: decimal units, as podman prints sizes. */
export function formatBytes(bytes: number): string {
  return prettyBytes(bytes, { maximumFractionDigits: 1 });
}
