import type { Reference } from '../model/reference.ts';
import type { Policy, Requirement } from './parse-policy.ts';

/**
 * The requirements that hold for an image: those of the most specific scope that policy.json has (containers-policy.json(5),
 * "docker:"): the image with its tag or digest, its repository, each namespace above, the registry, `*.` and the registry's
 * parent domains, the transport's default, the policy's.
 */
export function policyFor(policy: Policy, reference: Reference): readonly Requirement[] {
  const scope = scopesOf(reference).find((candidate) => policy.docker.has(candidate));
  return (scope === undefined ? undefined : policy.docker.get(scope)) ?? policy.default;
}

function scopesOf({ domain, path, tag, digest }: Reference): string[] {
  const repository = `${domain}/${path}`;
  const parts = repository.split('/');
  const namespaces = parts.map((_, index) => parts.slice(0, parts.length - index).join('/'));
  const labels = domain.split('.');
  const parents = labels.slice(1).map((_, index) => `*.${labels.slice(index + 1).join('.')}`);
  return [
    digest === undefined ? `${repository}:${tag ?? 'latest'}` : `${repository}@${digest}`,
    ...namespaces,
    ...parents,
    '',
  ];
}
