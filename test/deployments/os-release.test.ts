import { expect, test } from 'vitest';
import { osReleaseVersion } from '../../src/deployments/os-release.ts';

test.each([
  [
    'the most particular',
    'ID=fedora\nVERSION_ID=42\nOSTREE_VERSION=\'42.20261103.0\'\nBUILD_ID=""\n',
    '42.20261103.0',
  ],
  ['of an image', 'VERSION_ID="13"\nIMAGE_VERSION=33\nBUILD_ID=2026-11-03\n', '33'],
  ['of the distribution alone', '# VERSION_ID=1\nVERSION_ID="13.1"\n', '13.1'],
  ['none, as in a rolling distribution', 'ID=arch\nNAME="Arch Linux"\n', undefined],
  ['what cannot be shown', 'VERSION_ID="1\u001b[2J"\n', undefined],
  ['what is too long', `VERSION_ID=${'1'.repeat(300)}\n`, undefined],
  ['what a shell would replace', 'VERSION_ID="$(id)"\n', undefined],
])('%s', (_name, text, version) => {
  expect(osReleaseVersion(text)).toBe(version);
});
