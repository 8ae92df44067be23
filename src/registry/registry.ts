import { Readable } from 'node:stream';
import type { BlobId, OpenedBlob, Validator } from '../model/blob.ts';
import type { PullOptions } from '../model/definition.ts';
import { asDigest, type Digest } from '../model/digest.ts';
import { Failure } from '../model/failure.ts';
import type { Descriptor, ImageConfig, Manifest, Platform } from '../model/manifest.ts';
import type { Reference } from '../model/reference.ts';
import { answerFailure } from './answer-failure.ts';
import { createAsk, type Target } from './ask.ts';
import { createAuthorizer } from './authorize.ts';
import { createBlobAt } from './blob-at.ts';
import { createBlobFrom } from './blob-from.ts';
import type { ByteRange } from './byte-range.ts';
import type { FindCertificates } from './certificates.ts';
import { choosePlatform } from './choose-platform.ts';
import { createConnections } from './connections.ts';
import type { FindCredential } from './credentials.ts';
import { endpointsOf, type Endpoint } from './endpoints.ts';
import { defaultLimits, type RegistryLimits } from './limits.ts';
import { acceptManifests, createManifestAt, type ManifestBytes, nameOf } from './manifest-at.ts';
import { parseConfig } from './parse-config.ts';
import { parseManifest } from './parse-manifest.ts';
import type { RegistriesConf } from './parse-registries-conf.ts';
import { readBody } from './read-body.ts';
import { pause, type RetryPlan } from './retry.ts';
import { follow } from './redirect.ts';
import { createSend, type RequestEvent } from './send.ts';
import { createTargets } from './targets.ts';
import { tryEndpoints } from './try-endpoints.ts';
import { digestOf } from './verify-body.ts';

export interface RegistryParts {
  readonly config: RegistriesConf;
  readonly credentials: FindCredential;
  readonly certificates: FindCertificates;
  readonly userAgent: string;
  /** Where HTTPS_PROXY, HTTP_PROXY, NO_PROXY and SSL_CERT_FILE are read. */
  readonly env: NodeJS.ProcessEnv;
  /** Milliseconds since the epoch. */
  readonly now?: () => number;
  readonly random?: () => number;
  readonly pause?: RetryPlan['pause'];
  readonly onRequest?: (event: RequestEvent) => void;
}

interface AskOptions {
  readonly pull?: PullOptions;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Reads images from registries (OCI distribution-spec 1.1, "Pull"). Everything that is returned has been checked against its
 * digest. Failures: `Transient`, `TimedOut`, `Authentication`, `NotFound`, `BadContent`, `DigestMismatch`, `BadConfiguration`,
 * `ProgramMissing` (a credential helper), `Cancelled`.
 */
export interface Registry {
  /** The manifest that a reference means for a platform; `pull` may name another platform. */
  resolve(reference: Reference, options: AskOptions & { readonly platform: Platform }): Promise<Manifest>;
  /** What a tag or digest stands for, an index where it is one, as it came. */
  manifest(reference: Reference, options?: AskOptions): Promise<ManifestBytes>;
  /** The index of what refers to a manifest, the first page of it (OCI distribution-spec "Listing Referrers"). */
  referrers(reference: Reference, digest: Digest, options?: AskOptions): Promise<ManifestBytes>;
  /** What a tag points at now, an index where it is one: the server's word, from one HEAD request where it gives it. */
  resolveDigest(reference: Reference, options?: AskOptions): Promise<Digest>;
  /**
   * A blob of a reference's repository, or a range of it. Its bytes count only once the stream has ended without an error;
   * of a range, only the length is checked.
   */
  blob(
    reference: Reference,
    descriptor: Descriptor,
    options?: AskOptions & { readonly range?: ByteRange },
  ): Promise<Readable>;
  /**
   * A blob to be downloaded, from an offset on where the endpoint can do that. Its digest is not checked, since the bytes before it
   * are not known here.
   * @param options.avoid endpoints that are not to be asked: their bytes were wrong
   */
  openBlob(
    reference: Reference,
    blob: BlobId,
    options: AskOptions & {
      readonly from: number;
      readonly validator?: Validator | undefined;
      readonly avoid?: ReadonlySet<string>;
    },
  ): Promise<OpenedBlob>;
  config(reference: Reference, manifest: Manifest, options?: AskOptions): Promise<ImageConfig>;
  /** A signature in a lookaside storage on the web; undefined where there is none. No login is sent. */
  signature(url: URL, signal?: AbortSignal): Promise<Buffer | undefined>;
  /** Ends all connections, and with them what still streams. */
  close(): Promise<void>;
}

export function createRegistry(parts: RegistryParts, limits: RegistryLimits = defaultLimits): Registry {
  const now = parts.now ?? Date.now;
  const connections = createConnections(parts.env, limits);
  const send = createSend(connections, limits, parts.onRequest);
  const wire = { userAgent: parts.userAgent, now, limits };
  const ask = createAsk(send, createAuthorizer(send, wire), wire);
  const targetOf = createTargets(parts.credentials, parts.certificates);
  /** The endpoint that last served a reference: it has the rest of the image, and is asked first. */
  const served = new Map<string, string>();

  const withEndpoint = async <T>(
    reference: Reference,
    { pull = {}, signal, avoid }: AskOptions & { readonly avoid?: ReadonlySet<string> },
    work: (target: Target) => Promise<T>,
  ): Promise<T> => {
    const last = served.get(reference.text);
    const rank = (endpoint: Endpoint): number => (nameOf(endpoint) === last ? 0 : 1);
    const endpoints = endpointsOf(reference, parts.config)
      .filter((endpoint) => !avoid?.has(nameOf(endpoint)))
      .toSorted((a, b) => rank(a) - rank(b));
    if (endpoints.length === 0)
      throw new Failure('DigestMismatch', `${reference.text}: no other registry has it`);
    const plan: RetryPlan = {
      ...limits,
      tries: pull.retry === undefined ? limits.tries : pull.retry + 1,
      firstDelayMs: pull.retryDelayMs ?? limits.firstDelayMs,
      random: parts.random ?? Math.random,
      pause: parts.pause ?? pause,
    };
    const once = async (endpoint: Endpoint): Promise<T> => {
      const result = await work(await targetOf(endpoint, reference, pull, signal));
      served.set(reference.text, nameOf(endpoint));
      return result;
    };
    return tryEndpoints(endpoints, once, plan, signal);
  };

  const manifestAt = createManifestAt(ask, limits);

  const blobAt = createBlobAt(ask);

  const blobFrom = createBlobFrom(ask);

  return {
    resolve: (reference, options) =>
      withEndpoint(reference, options, async (target) => {
        const found = await manifestAt(target, tagOrDigestOf(reference), options.signal);
        if (found.kind === 'image') return found.manifest;
        const what = `${nameOf(target)}, index ${found.index.digest}`;
        const entry = choosePlatform(found.index, wantedPlatform(options.platform, options.pull), what);
        const chosen = await manifestAt(target, entry.digest, options.signal);
        if (chosen.kind === 'index')
          throw new Failure('BadContent', `${what}: it leads to another index, not to an image`);
        return { ...chosen.manifest, indexDigest: found.index.digest };
      }),
    manifest: (reference, options = {}) =>
      withEndpoint(
        reference,
        options,
        async (target) => (await manifestAt(target, tagOrDigestOf(reference), options.signal)).raw,
      ),
    referrers: (reference, digest, options = {}) =>
      withEndpoint(reference, options, async (target) => {
        const resource = `referrers/${digest}`;
        const what = `${nameOf(target)}, ${resource}`;
        const answer = await ask(target, {
          method: 'GET',
          resource,
          headers: acceptManifests,
          signal: options.signal,
        });
        const bytes = await readBody(answer, limits.manifestBytes, what);
        const found = parseManifest(bytes, digestOf(bytes, undefined), answer.header('content-type'), what);
        if (found.kind === 'image') throw new Failure('BadContent', `${what}: an image came, not a list`);
        return { digest: found.index.digest, mediaType: found.index.mediaType, bytes, layers: [] };
      }),
    resolveDigest: (reference, options = {}) =>
      withEndpoint(reference, options, async (target) => {
        if (reference.digest !== undefined) return reference.digest;
        const { signal } = options;
        const resource = `manifests/${tagOrDigestOf(reference)}`;
        const answer = await ask(target, { method: 'HEAD', resource, headers: acceptManifests, signal });
        await answer.discard();
        const said = asDigest(answer.header('docker-content-digest'));
        if (said !== undefined) return said;
        const found = await manifestAt(target, tagOrDigestOf(reference), signal);
        return found.kind === 'image' ? found.manifest.digest : found.index.digest;
      }),
    blob: (reference, descriptor, options = {}) =>
      withEndpoint(reference, options, async (target) => {
        const { body, discard } = await blobAt(target, descriptor, options.range, options.signal);
        const stream = Readable.from(body, { objectMode: false });
        // A stream that is destroyed before it was read would leave the answer on its connection.
        stream.once('close', () => void discard());
        return stream;
      }),
    openBlob: (reference, blob, options) =>
      withEndpoint(reference, options, (target) => blobFrom(target, blob, options, options.signal)),
    config: (reference, { config }, options = {}) =>
      withEndpoint(reference, options, async (target) => {
        const what = `${nameOf(target)}, config ${config.digest}`;
        if (config.sizeBytes > limits.configBytes)
          throw new Failure('BadContent', `${what}: larger than ${limits.configBytes} bytes`);
        const { body } = await blobAt(target, config, undefined, options.signal);
        return parseConfig(await readBody({ body }, limits.configBytes, what), what);
      }),
    async signature(url, signal) {
      const what = `signature at ${url.host}`;
      const trust = { certificates: await parts.certificates(url.host, undefined), insecure: false };
      const headers = { 'user-agent': parts.userAgent };
      const answer = await follow(send, { method: 'GET', url, headers, trust, signal }, limits.redirects);
      if (answer.status === 200) return readBody(answer, limits.signatureBytes, what);
      const failure = await answerFailure(answer, what, false, now());
      if (failure.code === 'NotFound') return undefined;
      throw failure;
    },
    close: () => connections.close(),
  };
}

function tagOrDigestOf({ tag, digest }: Reference): string {
  return digest ?? tag ?? 'latest';
}

function wantedPlatform(host: Platform, pull: PullOptions = {}): Platform {
  // The host's own variant says nothing about another architecture.
  const variant = pull.variant ?? (pull.arch === undefined ? host.variant : undefined);
  return {
    os: pull.os ?? host.os,
    architecture: pull.arch ?? host.architecture,
    ...(variant === undefined ? {} : { variant }),
  };
}
