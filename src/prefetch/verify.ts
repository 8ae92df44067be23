import type { Problem } from '../model/problem.ts';
import type { Want } from '../plan/want.ts';
import { type Verification, verifyStored } from '../store/verify-store.ts';
import { surveyRoot } from './survey.ts';

export interface VerifyResult {
  readonly images: readonly { readonly want: Want; readonly verification: Verification }[];
  readonly problems: readonly Problem[];
}

/**
 * Whether every image that a root binds is there and whole: records, manifests, configs and what each layer's driver needs. Layers'
 * contents are not read.
 * @throws Failure `StoreDamaged`, `StoreUnknown`
 */
export async function verifyRoot(
  rootPath: string,
  storePath: string,
  signal: AbortSignal,
): Promise<VerifyResult> {
  const { inventory, assessments, problems } = await surveyRoot(rootPath, storePath, signal);
  const images = [];
  for (const { want } of assessments) {
    signal.throwIfAborted();
    images.push({ want, verification: await verifyStored(inventory, want.storeName, want.reference.digest) });
  }
  return { images, problems };
}
