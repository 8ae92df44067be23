import { BlockList, isIP } from 'node:net';

/**
 * The proxy for a URL, by the rules of Go's ProxyFromEnvironment, so that skopeo and we leave the host the same way: lower or
 * upper case names, each scheme its own variable, never for loopback, NO_PROXY with domains, ports, addresses and ranges.
 */
export function proxyFor(url: URL, env: NodeJS.ProcessEnv): string | undefined {
  const proxy =
    url.protocol === 'https:'
      ? env['HTTPS_PROXY'] || env['https_proxy']
      : env['HTTP_PROXY'] || env['http_proxy'];
  if (!proxy) return undefined;
  const host = url.hostname.replace(/^\[|\]$/g, '').toLowerCase();
  if (host === 'localhost' || isLoopback(host)) return undefined;
  const port = url.port || (url.protocol === 'https:' ? '443' : '80');
  const excluded = (env['NO_PROXY'] || env['no_proxy'] || '')
    .split(',')
    .map((entry) => entry.trim().toLowerCase());
  if (excluded.some((entry) => entry !== '' && matches(entry, host, port))) return undefined;
  return proxy.includes('://') ? proxy : `http://${proxy}`;
}

function matches(entry: string, host: string, port: string): boolean {
  if (entry === '*') return true;
  const range = /^([0-9a-f.:]+)\/(\d{1,3})$/.exec(entry);
  if (range !== null) return inRange(host, range[1] ?? '', Number(range[2]));
  const [, name = entry, entryPort] =
    /^(.*?)(?::(\d+))?$/.exec(isIP(entry) === 6 ? `[${entry}]` : entry) ?? [];
  if (entryPort !== undefined && entryPort !== port) return false;
  const bare = name.replace(/^\[|\]$/g, '').replace(/^\*/, '');
  if (bare.startsWith('.')) return host.endsWith(bare);
  return host === bare || (isIP(bare) === 0 && host.endsWith(`.${bare}`));
}

function inRange(host: string, network: string, bits: number): boolean {
  const family = isIP(network);
  if (family === 0 || isIP(host) !== family || bits > (family === 4 ? 32 : 128)) return false;
  const list = new BlockList();
  const type = family === 4 ? 'ipv4' : 'ipv6';
  list.addSubnet(network, bits, type);
  return list.check(host, type);
}

function isLoopback(host: string): boolean {
  return inRange(host, '127.0.0.0', 8) || host === '::1';
}
