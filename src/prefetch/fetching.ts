import type { Configuration } from '../config/configuration.ts';

/** How images are to be fetched, and who is told of it. */
export interface Fetching {
  readonly configuration: Configuration;
  /** Whether the blobs of an image stay in the cache once it is imported. */
  readonly retains: (image: string) => boolean;
  /** So many bytes more have come over the wire. */
  readonly onReceived?: (bytes: number) => void;
}

/** Of a command that works by itself, whatever it fetches. @throws Failure `BadConfiguration` */
export async function ownFetching(): Promise<Fetching> {
  const { readConfiguration } = await import('../config/read-configuration.ts');
  const configuration = await readConfiguration('/');
  return { configuration, retains: () => configuration.store.retain === 'all' };
}
