// `install.ts IMAGE`: deploys an OS image into the empty sysroot of a test host, as `bootc install` does, without the images that it
// binds. Part of the tests.
import { backend } from './deployed.ts';
import { withTree } from './fetch-os-image.ts';
import { initStore } from './store.ts';

const name = { image: process.argv[2] ?? '', transport: 'registry' };
withTree(name, (image) => backend().install(image, name));
initStore();
