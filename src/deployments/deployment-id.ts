import { Failure } from '../model/failure.ts';

const staterootPattern = /^(?!\.{1,2}$)[\w.+-]{1,255}$/;
const deploymentPattern = /^[0-9a-f]{64}\.\d{1,6}$/;
const verityPattern = /^(?:[0-9a-f]{64}|[0-9a-f]{128})$/;

/** `Deployment.id` of a folder `deploy/STATEROOT/deploy/NAME` of ostree; undefined unless both are names that ostree gives. */
export function ostreeId(stateroot: string | null | undefined, name: string): string | undefined {
  return typeof stateroot === 'string' && staterootPattern.test(stateroot) && deploymentPattern.test(name)
    ? `${stateroot}/${name}`
    : undefined;
}

/** `CHECKSUM.SERIAL`, for a status that does not say the stateroot. */
export function ostreeName(name: string): string | undefined {
  return deploymentPattern.test(name) ? name : undefined;
}

/** `Deployment.id` of an image of composefs: its fs-verity digest, SHA-256 or SHA-512. */
export function composefsId(verity: string | null | undefined): string | undefined {
  return typeof verity === 'string' && verityPattern.test(verity) ? verity : undefined;
}

/** Each deployment is read whole at every look. @throws Failure `BadContent` */
export function refuseMore(count: number, countMax: number, folder: string): void {
  if (count > countMax)
    throw new Failure(
      'BadContent',
      `${folder} has ${count} deployments: remove those that are not needed, all but ${countMax}`,
    );
}
