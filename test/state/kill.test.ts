import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { openDocument } from '../../src/state/open-document.ts';
import { recordOf, resultsKind } from '../../src/state/results.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const writer = fileURLToPath(new URL('write-loop.ts', import.meta.url));
const kills = 8;

test(
  'SIGKILL at any moment leaves a file that can be read, with all that was written',
  { timeout: 60_000 },
  async () => {
    await using folder = await temporaryFolder();
    let written = 0;
    for (let kill = 0; kill < kills; kill += 1) {
      const child = spawn(process.execPath, [writer, folder.path], { stdio: ['ignore', 'pipe', 'inherit'] });
      const closed = once(child, 'close');
      const enough = written + 1 + kill * 3;
      for await (const line of createInterface(child.stdout)) {
        written = Number(line);
        // It goes on writing while the signal is on its way, so the kill meets it anywhere.
        if (written >= enough) setTimeout(() => child.kill('SIGKILL'), Math.random() * 5);
      }
      expect(await closed).toEqual([null, 'SIGKILL']);
      const results = await openDocument(folder.path, resultsKind, Date.now());
      expect(results.damage).toBeUndefined();
      const { lastPulledUs } = recordOf(results.value(), 'a');
      expect([written, written + 1]).toContain(lastPulledUs);
    }
    await openDocument(folder.path, resultsKind, Date.now() + 120_000);
    expect(await readdir(folder.path)).toEqual(['results.json']);
  },
);
