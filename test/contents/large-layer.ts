// Run by large-layer.test.ts in a process of its own: reads the layer in FILE (argv 2) and prints the peak of its resident
// memory in MiB, and how many entries it remembers.
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { defaultLimits } from '../../src/contents/limits.ts';
import { readLayer } from '../../src/contents/read-layer.ts';
import { asDigest } from '../../src/model/digest.ts';

const path = process.argv[2] ?? '';
const hash = createHash('sha256');
for await (const bytes of createReadStream(path)) hash.update(bytes as Buffer);
const digest = asDigest(`sha256:${hash.digest('hex')}`);
if (digest === undefined) throw new Error('node:crypto gave no sha256');
const layer = { digest, sizeBytes: (await stat(path)).size };
const { entries } = await readLayer(createReadStream(path), layer, { limits: defaultLimits });
const peakMiB = Math.round(process.resourceUsage().maxRSS / 1024);
process.stdout.write(JSON.stringify({ peakMiB, entries: entries.length }));
