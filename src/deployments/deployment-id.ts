const staterootPattern = /^(?!\.{1,2}$)[\w.+-]{1,255}$/;
const deploymentPattern = /^[0-9a-f]{64}\.\d{1,6}$/;
const verityPattern = /^(?:[0-9a-f]{64}|[0-9a-f]{128})$/;

/** `Deployment.id` of a folder `deploy/STATEROOT/deploy/NAME` of ostree; undefined unless both are names that ostree gives. */
export function ostreeId(stateroot: string | null | undefined, name: string): string | undefined {
  return typeof stateroot === 'string' && staterootPattern.test(stateroot) && deploymentPattern.test(name)
    ? `${stateroot}/${name}`
    : undefined;
}

/** `Deployment.id` of an image of composefs: its fs-verity digest, SHA-256 or SHA-512. */
export function composefsId(verity: string | null | undefined): string | undefined {
  return typeof verity === 'string' && verityPattern.test(verity) ? verity : undefined;
}
