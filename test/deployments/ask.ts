// Runs one function of src/deployments inside a test host, and prints what it gives as JSON. Part of the tests.
import {
  applyDownloaded,
  lockFinalization,
  stageLocked,
  supportsDownloadOnly,
  unlockFinalization,
  upgradeCheck,
} from '../../src/deployments/bootc.ts';
import { listDeployments } from '../../src/deployments/list-deployments.ts';
import { mountBelow } from '../../src/deployments/mount-composefs.ts';
import { readBootcStatus } from '../../src/deployments/read-bootc-status.ts';
import { readCandidate } from '../../src/deployments/read-candidate.ts';
import { awaitStagingEnd, isLocked } from '../../src/deployments/sysroot-lock.ts';
import { asFailure } from '../../src/model/failure.ts';

const never = new AbortController().signal;
const mount = mountBelow('/run/bound-images-roots');
const questions: Record<string, (limitMs: number) => Promise<unknown>> = {
  'list-by-status': async () => listDeployments('/', await readBootcStatus(never), mount),
  'list-by-disk': async () => listDeployments('/', undefined, mount),
  status: async (limitMs) => readBootcStatus(never, limitMs),
  candidate: async () => readCandidate(never),
  'is-locked': async () => isLocked(),
  'await-staging-end': async (limitMs) => awaitStagingEnd(never, limitMs),
  'supports-download-only': async () => supportsDownloadOnly(),
  check: async () => upgradeCheck(),
  'stage-locked': async () => stageLocked(),
  'apply-downloaded': async () => applyDownloaded(false),
  lock: async () => lockFinalization(),
  unlock: async () => unlockFinalization(),
};

const [name = '', limit = '30000'] = process.argv.slice(2);
try {
  process.stdout.write(JSON.stringify((await questions[name]?.(Number(limit))) ?? null));
} catch (error) {
  const { code, message } = asFailure(error);
  process.stdout.write(JSON.stringify({ code, message }));
}
