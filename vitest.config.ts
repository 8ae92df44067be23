import { defineConfig } from 'vitest/config';

// `unit` runs anywhere. `component` needs root, skopeo 1.18, podman 5.4 and a registry: test/host/run.ts boots a
// host that has them and runs it there. `host` drives such hosts from outside.
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: ['test/**/*.{component,host}.test.ts'],
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
