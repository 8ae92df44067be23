import type { HostState } from '../model/host-state.ts';

interface Sample {
  readonly labels?: Readonly<Record<string, string>>;
  readonly value: number;
}

const imageStates = ['present', 'missing', 'fetching', 'verifying', 'damaged', 'unknown'] as const;
const verdicts = ['ready', 'waiting', 'blocked', 'none'] as const;

/**
 * A host's state in Prometheus' text format 0.0.4, for node_exporter's textfile collector: gauges only, and without
 * timestamps, which that refuses.
 */
export function metricsText(state: HostState): string {
  const { images, nextBoot, problems } = state;
  const count = (matches: readonly unknown[]): number => matches.length;
  return [
    metric(
      'images',
      'Bound images by their state in the store.',
      imageStates.map((name) => ({
        labels: { state: name },
        value: count(images.filter((image) => image.state === name)),
      })),
    ),
    metric(
      'image_present',
      'Whether a bound image is in the store, whole.',
      images.map((image) => ({
        labels: { reference: image.reference },
        value: Number(image.state === 'present'),
      })),
    ),
    metric('booted_ready', 'Whether all images that the booted deployment binds are present.', [
      { value: Number(state.state === 'ready') },
    ]),
    metric('next_boot_ready', 'Whether nothing that the next boot needs is missing.', [
      { value: Number(nextBoot.verdict === 'ready' || nextBoot.verdict === 'none') },
    ]),
    metric(
      'next_boot_verdict',
      'The verdict on what boots next: 1 for the one that holds.',
      verdicts.map((verdict) => ({ labels: { verdict }, value: Number(nextBoot.verdict === verdict) })),
    ),
    metric(
      'problems',
      'Problems in the definitions of bound images.',
      (['error', 'warning'] as const).map((severity) => ({
        labels: { severity },
        value: count(problems.filter((problem) => problem.severity === severity)),
      })),
    ),
    metric('fetch_pending_bytes', 'Bytes still to download for bound images, as far as they are known.', [
      { value: images.reduce((sum, { bytesToFetch }) => sum + (bytesToFetch ?? 0), 0) },
    ]),
    metric('storage_bytes', 'Bytes that the store takes.', [{ value: state.storageBytes }]),
    metric('last_refresh_timestamp_seconds', 'When deployments and store were last read.', [
      { value: state.lastRefreshUs / 1e6 },
    ]),
  ].join('');
}

function metric(name: string, help: string, samples: readonly Sample[]): string {
  const full = `boundimages_${name}`;
  const lines = samples.map(({ labels, value }) => `${full}${labelText(labels)} ${value}`);
  return [`# HELP ${full} ${help}`, `# TYPE ${full} gauge`, ...lines, ''].join('\n');
}

function labelText(labels: Readonly<Record<string, string>> = {}): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escaped(value)}"`);
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}

function escaped(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}
