import { join } from 'node:path';
import pLimit from 'p-limit';
import { runProgram } from '../../src/system/run-program.ts';
import { writeRoot } from '../demo/root.ts';
import { makeImage, makeLayer, writeLayout } from '../support/image.ts';

/** Has a root bind small images of one shared layer, each with a config of its own, and the real skopeo write them into a store. */
export async function bindPresent(
  images: number,
  { folder, root, store }: { folder: string; root: string; store: string },
): Promise<void> {
  const apps = Array.from({ length: images }, (_, index) => `app-${index}`);
  const nameOf = (app: string): string => `registry.example/${app}:1`;
  await writeRoot(root, Object.fromEntries(apps.map((app) => [`${app}.image`, nameOf(app)])));
  const layer = await makeLayer({ 'etc/shared': 'shared\n' });
  const layout = join(folder, 'layout');
  for (const app of apps) await writeLayout(layout, app, makeImage([layer], { labels: { app } }));
  const limit = pLimit(2);
  const copies = apps.map((app) =>
    limit(async () => {
      const target = `containers-storage:[overlay@${store}+${folder}/run]${nameOf(app)}`;
      const copied = await runProgram('skopeo', ['copy', '--quiet', `oci:${layout}:${app}`, target]);
      if (copied.exitCode !== 0) throw new Error(`skopeo could not write ${app}: ${copied.stderr}`);
    }),
  );
  await Promise.all(copies);
}
