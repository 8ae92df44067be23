// `node rewrite-store.ts STORE`: takes an image of the golden store away and brings it back, again and again until it is ended, in
// c/storage's order: layers come before their image and go after it, and a folder goes after its record.
import { mkdirSync, readFileSync, renameSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { idOfA, layerOfA } from './golden-store.ts';

const storePath = process.argv[2] ?? '';
const imagesFile = join(storePath, 'overlay-images', 'images.json');
const layersFile = join(storePath, 'overlay-layers', 'layers.json');
const layerFolder = join(storePath, 'overlay', layerOfA);
const allImages = readFileSync(imagesFile, 'utf8');
const allLayers = readFileSync(layersFile, 'utf8');
const never = new Int32Array(new SharedArrayBuffer(4));

renameSync(layerFolder, join(storePath, 'kept'));
mkdirSync(layerFolder);
for (let round = 0; ; round += 1) {
  put(imagesFile, without(allImages, idOfA));
  put(layersFile, without(allLayers, layerOfA));
  rmdirSync(layerFolder);
  mkdirSync(layerFolder);
  put(layersFile, allLayers);
  put(imagesFile, allImages);
  if (round === 0) process.stdout.write('begun\n');
  // Pauses of up to a few readings, so that each step falls into each part of one.
  Atomics.wait(never, 0, 0, round % 6);
}

function put(file: string, content: string): void {
  const aside = join(storePath, 'aside');
  writeFileSync(aside, content);
  renameSync(aside, file);
}

function without(text: string, id: string): string {
  return JSON.stringify((JSON.parse(text) as { id: string }[]).filter((record) => record.id !== id));
}
