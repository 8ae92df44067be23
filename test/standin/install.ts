// `install.ts IMAGE`: deploys an OS image into the empty sysroot of a test host, as `bootc install` does. Part of the tests.
import { withTree } from './fetch-os-image.ts';
import { run } from './run.ts';
import { commit, deployArgv } from './sysroot.ts';

const name = { image: process.argv[2] ?? '', transport: 'registry' };
const checksum = withTree(name, commit);
run(deployArgv(checksum, name, ['--sysroot=/sysroot']));
