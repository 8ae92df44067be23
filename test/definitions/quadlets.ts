/** Quadlets by hand, each with something that a reader of its own could get wrong. podman's generator judges them. */

const digest = `sha256:${'0123456789abcdef'.repeat(4)}`;

export const imageQuadlets: Readonly<Record<string, string>> = {
  plain: '[Image]\nImage=quay.io/a/b:1\n',
  'no last line feed': '[Image]\nImage=quay.io/a/b:1',
  digest: `[Image]\nImage=quay.io/a/b@${digest}\n`,
  'tag and digest': `[Image]\nImage=quay.io/a/b:1@${digest}\n`,
  'port and tag': '[Image]\nImage=localhost:5000/a:1\n',
  'short name': '[Image]\nImage=alpine\n',
  CRLF: '[Image]\r\nImage=quay.io/a/b:1\r\nArch=arm64\r\n',
  'lone carriage returns': '[Image]\rImage=quay.io/a/b:1\r',
  'byte order mark': '\ufeff[Image]\nImage=quay.io/a/b:1\n',
  'NUL in a value': '[Image]\nImage=quay.io/a/b:1\0x\n',
  empty: '',
  'only comments': '# one\n; two\n',
  'only a section': '[Image]\n',
  'no section': 'Image=quay.io/a/b:1\n',
  'key before the section': 'Image=quay.io/a/b:1\n[Image]\n',
  'comment before the section': '# one\n\n[Image]\nImage=quay.io/a/b:1\n',
  'comments of both kinds': '[Image]\n# one\n; two\nImage=quay.io/a/b:1\n#Image=no\n;Image=no\n',
  'comment of neither kind': '[Image]\n: two\nImage=quay.io/a/b:1\n',
  'comment behind a value': '[Image]\nImage=quay.io/a/b:1 # comment\n',
  'comment behind a section': '[Image] # comment\nImage=quay.io/a/b:1\n',
  'space behind a section': '[Image] \t \nImage=quay.io/a/b:1\n',
  'space in a section': '[ Image ]\nImage=quay.io/a/b:1\n',
  'space before everything': '  [Image]\n\t Image=quay.io/a/b:1\n',
  'space around the equals sign': '[Image]\nImage \t =\t  quay.io/a/b:1 \t \n',
  'no-break space at the end': '[Image]\nImage=quay.io/a/b:1\u00a0\u3000\n',
  'no-break space at the beginning': '[Image]\nImage=\u00a0quay.io/a/b:1\n',
  'no-break space before the equals sign': '[Image]\nImage\u00a0=quay.io/a/b:1\n',
  'zero width no-break space at the end': '[Image]\nImage=quay.io/a/b:1\ufeff\n',
  'two images': '[Image]\nImage=quay.io/a/b:1\nImage=quay.io/a/b:2\n',
  'an image taken back': '[Image]\nImage=quay.io/a/b:1\nImage=\n',
  'an image given again': '[Image]\nImage=quay.io/a/b:1\nImage=\nImage=quay.io/a/b:2\n',
  'repeated section':
    '[Image]\nImage=quay.io/a/b:1\n[Install]\nWantedBy=x.target\n[Image]\nImage=quay.io/a/b:2\n',
  'lower-case key': '[Image]\nimage=quay.io/a/b:1\n',
  'lower-case section': '[image]\nImage=quay.io/a/b:1\n',
  'unknown key': '[Image]\nImage=quay.io/a/b:1\nBogus=1\n',
  'unknown key, empty': '[Image]\nImage=quay.io/a/b:1\nBogus=\n',
  'unknown section': '[Image]\nImage=quay.io/a/b:1\n[Bogus]\nBogus=1\n',
  'section [Quadlet]': '[Image]\nImage=quay.io/a/b:1\n[Quadlet]\nDefaultDependencies=false\n',
  'unknown key of [Quadlet]': '[Image]\nImage=quay.io/a/b:1\n[Quadlet]\nBogus=1\n',
  'unclosed section': '[Image\nImage=quay.io/a/b:1\n',
  'empty section name': '[]\n[Image]\nImage=quay.io/a/b:1\n',
  'bracket in a section name': '[Im[age]\n[Image]\nImage=quay.io/a/b:1\n',
  'control character in a section name': '[X\u0001]\n[Image]\nImage=quay.io/a/b:1\n',
  'control character of Latin 1 in a section name': '[X\u0085Y]\n[Image]\nImage=quay.io/a/b:1\n',
  'a key with brackets': '[Image]\nImage=quay.io/a/b:1\n[Install]\n[x]y=1\n',
  'a line that is nothing': '[Image]\nImage=quay.io/a/b:1\nnothing\n',
  'an empty key': '[Image]\nImage=quay.io/a/b:1\n=x\n',
  'a key of space': '[Image]\nImage=quay.io/a/b:1\n  =x\n',
  'two equals signs': '[Image]\nImage==quay.io/a/b:1\n',
  continued: '[Image]\nImage=quay.io/\\\na/b:1\n',
  'continued with space before': '[Image]\nImage=quay.io/ \\\na/b:1\n',
  'continued with space after': '[Image]\nImage=quay.io/\\  \n   a/b:1\n',
  'continued over comments': '[Image]\nImage=quay.io/\\\n# one\n; two\n\na/b:1\n',
  'continued comment': '[Image]\n# one\\\nImage=quay.io/a/b:1\n',
  'continued key': '[Image]\nIm\\\nage=quay.io/a/b:1\n',
  'continued section': '[Im\\\nage]\nImage=quay.io/a/b:1\n',
  'continued at the end': '[Image]\nImage=quay.io/a/b:1\\',
  'continued at the end, with a line feed': '[Image]\nImage=quay.io/a/b:1\\\n',
  'continued into a comment at the end':
    '[Image]\nImage=quay.io/a/b:1\n[Image]\nImage=quay.io/a/b:2\\\n# end\n',
  'continued into the next key': '[Image]\nImage=quay.io/a/b:1\\\nArch=arm64\n',
  'a lone backslash': '[Image]\n\\\nImage=quay.io/a/b:1\n',
  'two backslashes': '[Image]\nImage=quay.io/a/b:1\\\\\nx\n',
  'double quotes': '[Image]\nImage="quay.io/a/b:1"\n',
  'more double quotes': '[Image]\nImage=""quay.io/a/b:1"\n',
  'double quotes alone': '[Image]\nImage=""\n',
  'single quotes': "[Image]\nImage='quay.io/a/b:1'\n",
  'space inside quotes': '[Image]\nImage=" quay.io/a/b:1 "\n',
  'a doubled %': '[Image]\nImage=quay.io/%%a/b:1\nCreds=a:%%b\n',
  'every key': `[Image]
Image=quay.io/a/b:1
AuthFile=/etc/auth.json
CertDir=/etc/certs
Creds=user:pass word
DecryptionKey=/key:phrase
TLSVerify=false
Arch=arm64
OS=linux
Variant=v8
AllTags=false
ContainersConfModule=/m.conf
GlobalArgs=--storage-opt=additionalimagestore=/usr/lib/bootc/storage
PodmanArgs=--retry 3
ImageTag=quay.io/a/b:2
`,
  'empty keys': '[Image]\nImage=quay.io/a/b:1\nAuthFile=\nArch=\nOS=""\nCreds=" "\nTLSVerify=\nAllTags=\n',
  'keys taken back': '[Image]\nImage=quay.io/a/b:1\nArch=arm64\nArch=\nTLSVerify=false\nTLSVerify=true\n',
  'true in other words': '[Image]\nImage=quay.io/a/b:1\nTLSVerify="YES"\nAllTags=On\n',
  'false in other words': '[Image]\nImage=quay.io/a/b:1\nTLSVerify=maybe\nAllTags=2\n',
  'arguments with quotes': `[Image]\nImage=quay.io/a/b:1\nPodmanArgs="--arch=a b" 'c "d' e"f g"h\n`,
  'arguments with escapes': String.raw`[Image]
Image=quay.io/a/b:1
PodmanArgs=\x41\101\u00e9\U0001F600\s\t "in \" quotes" \\
`,
  'arguments with unknown escapes': '[Image]\nImage=quay.io/a/b:1\nPodmanArgs=a \\q b\nPodmanArgs=--os=x\n',
  'arguments with a surrogate': '[Image]\nImage=quay.io/a/b:1\nPodmanArgs=a\\ud800b\n',
  'arguments with an empty word': '[Image]\nImage=quay.io/a/b:1\nPodmanArgs=--quiet "" --os=x\n',
  'unbalanced arguments': '[Image]\nImage=quay.io/a/b:1\nPodmanArgs=--os "a b\nPodmanArgs=c \\\n',
  'arguments taken back':
    '[Image]\nImage=quay.io/a/b:1\nPodmanArgs=--os=x\nPodmanArgs=\nPodmanArgs=--arch=y\n',
  'modules and global arguments':
    '[Image]\nImage=quay.io/a/b:1\nContainersConfModule=a b\nContainersConfModule="c"\nGlobalArgs="--x y" z\n',
};

export const containerQuadlets: Readonly<Record<string, string>> = {
  plain: '[Container]\nImage=quay.io/a/b:1\n',
  'a section [Image]': '[Image]\nImage=quay.io/a/b:1\n',
  'both sections': '[Image]\nImage=quay.io/a/b:1\n[Container]\nImage=quay.io/a/b:2\n',
  'no image': '[Container]\nPodmanArgs=--memory 1g\n',
  'image and rootfs': '[Container]\nImage=quay.io/a/b:1\nRootfs=/x\n',
  'unknown key': '[Container]\nImage=quay.io/a/b:1\nBogus=1\n',
  'a unit that is there': '[Container]\nImage=referred.image\n',
  'a unit that is there, in quotes': '[Container]\nImage="referred.image"\n',
  'a unit that is not there': '[Container]\nImage=none.image\n',
  'a unit by a path': '[Container]\nImage=./referred.image\n',
  'a build that is not there': '[Container]\nImage=none.build\n',
  'arguments of its own':
    '[Container]\nImage=quay.io/a/b:1\nPodmanArgs=--tls-verify=false --arch arm64\nGlobalArgs=--log-level=debug\n',
};
