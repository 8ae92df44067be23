import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

// Where test/all.ts and test/host/run.ts want the counts of this run, one JSON file a run.
const results = process.env['TEST_RESULTS'];

// `unit` runs anywhere. `component` needs root, skopeo 1.18, podman 5.4 and a registry: test/host/run.ts boots a
// host that has them and runs it there. `host` drives such hosts from outside. test/README.md says more.
export default defineConfig({
  test: {
    reporters: results === undefined ? ['default'] : ['default', 'json'],
    ...(results === undefined ? {} : { outputFile: { json: join(results, `${randomUUID()}.json`) } }),
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: ['test/**/*.{component,host}.test.ts'],
          // Of a machine that is busy with other things, too.
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'component',
          include: ['test/**/*.component.test.ts'],
          fileParallelism: false,
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
      {
        test: {
          name: 'host',
          include: ['test/**/*.host.test.ts'],
          fileParallelism: false,
          testTimeout: 300_000,
          hookTimeout: 300_000,
        },
      },
    ],
  },
});
