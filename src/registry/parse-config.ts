import * as v from 'valibot';
import { asDigest, type Digest } from '../model/digest.ts';
import type { ImageConfig } from '../model/manifest.ts';
import { parseJson, validate } from './validate.ts';

const text = v.nullish(v.string());
const schema = v.object({
  os: text,
  architecture: text,
  created: text,
  config: v.nullish(v.object({ Labels: v.nullish(v.record(v.string(), v.string())) })),
  rootfs: v.nullish(
    v.object({
      diff_ids: v.nullish(v.array(v.custom<Digest>((value) => asDigest(value) !== undefined, 'a digest'))),
    }),
  ),
});

/** @throws Failure `BadContent` */
export function parseConfig(bytes: Buffer, what: string): ImageConfig {
  const { os, architecture, created, config, rootfs } = validate(
    schema,
    parseJson(bytes.toString('utf8'), what),
    what,
  );
  return {
    bytes,
    labels: config?.Labels ?? {},
    diffDigests: rootfs?.diff_ids ?? [],
    ...(os ? { os } : {}),
    ...(architecture ? { architecture } : {}),
    ...(created ? { created } : {}),
  };
}
