import { readBoundSet } from '../../src/definitions/read-bound-set.ts';
import { bytesTarget, type FuzzTarget } from '../fuzz/target.ts';
import { memoryTree } from '../support/memory-tree.ts';

const image = `# an image
[Image]
Image=registry.example.com/app:1
Retry=3
PodmanArgs=--tls-verify=false "--arch" \
  arm64
`;
const container = '[Unit]\nDescription=%n\n[Container]\nImage=app.image\nExec=sh -c "a; b"\n';

const quadlets = '/usr/share/containers/systemd';
const bound = '/usr/lib/bootc/bound-images.d';

export const definitionsTargets: readonly FuzzTarget[] = [
  bytesTarget('definitions/quadlet', [Buffer.from(image), Buffer.from(container)], async (bytes) => {
    const tree = memoryTree({
      [`${quadlets}/app.image`]: bytes,
      [`${quadlets}/app.container`]: bytes,
      [`${quadlets}/app.container.d/10.conf`]: bytes,
      [`${bound}/app.image`]: { link: `${quadlets}/app.image` },
      [`${bound}/app.container`]: { link: `${quadlets}/app.container` },
    });
    await readBoundSet(tree);
  }),
];
