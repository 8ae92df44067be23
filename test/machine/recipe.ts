/** What the disk of the machine is made of, apart from the packages that are tested. Its hash names the cached root. */
export const recipe = {
  suite: 'trixie',
  packages: [
    // The booted system, with SELinux in the place of AppArmor.
    'systemd systemd-sysv udev kmod dbus polkitd iproute2 procps e2fsprogs linux-image-cloud-amd64 initramfs-tools',
    'selinux-policy-default policycoreutils auditd',
    // What bound-images drives or stands beside on a bootc host; rpm, because it is installed from its packages.
    'podman skopeo crun ostree erofs-utils rpm',
    // What the tests bring.
    'docker-registry ca-certificates curl',
  ]
    .join(' ')
    .split(' '),
  /** Files written into the root, by path. */
  files: {
    'etc/machine-id': `${'b1'.repeat(16)}\n`,
    'etc/hostname': 'machine\n',
    // /sysroot is a mount of its own on a bootc host, read-only after boot.
    'etc/fstab': '/dev/vda / ext4 rw 0 1\n/sysroot /sysroot none bind 0 0\n',
    // The kernel's own audit messages are what the tests look for: none may be dropped.
    'etc/audit/rules.d/audit.rules': '-D\n-b 8192\n-r 0\n-f 1\n',
    // 25 seconds are short under software emulation: it is a tenth of the speed.
    'etc/dbus-1/system-local.conf':
      '<busconfig><limit name="service_start_timeout">120000</limit></busconfig>\n',
    // A small initramfs, which software emulation unpacks quickly: the disk's driver and its file system.
    'etc/initramfs-tools/conf.d/machine': 'MODULES=list\nCOMPRESS=lz4\n',
    'etc/initramfs-tools/modules': 'virtio_pci\nvirtio_blk\next4\n',
    // The tests' hands in the machine, on its second serial line.
    'etc/systemd/system/machine-tests.service': [
      '[Unit]',
      'After=enforce.service',
      '[Service]',
      'Type=exec',
      // Like an administrator's shell.
      'SELinuxContext=unconfined_u:unconfined_r:unconfined_t:s0-s0:c0.c1023',
      'ExecStartPre=/usr/bin/stty -F /dev/ttyS1 raw -echo clocal',
      'ExecStart=/usr/bin/node /usr/libexec/machine-tests/serve.ts',
      '',
    ].join('\n'),
    // Debian's own boot is not free of denials, so it is not enforced from the start, but before anything of ours runs.
    'etc/systemd/system/enforce.service': [
      '[Unit]',
      'DefaultDependencies=no',
      'After=sysinit.target',
      'Before=basic.target bound-images-verify.service bound-images.service',
      '[Service]',
      'Type=oneshot',
      'RemainAfterExit=yes',
      'SELinuxContext=unconfined_u:unconfined_r:unconfined_t:s0-s0:c0.c1023',
      'ExecStart=/usr/sbin/setenforce 1',
      '',
    ].join('\n'),
  },
  links: {
    'etc/systemd/system/basic.target.wants/machine-tests.service': '../machine-tests.service',
    'etc/systemd/system/basic.target.wants/enforce.service': '../enforce.service',
    // What assesses boots pulls this in: systemd-bless-boot.service, greenboot.
    'etc/systemd/system/multi-user.target.wants/boot-complete.target':
      '/usr/lib/systemd/system/boot-complete.target',
    // The stand-in's first line.
    'usr/local/bin/node': '/usr/bin/node',
  },
  /** Units that are masked: what the machine has no use for and software emulation takes long over. */
  masked: [
    'docker-registry.service',
    'apt-daily.timer',
    'apt-daily-upgrade.timer',
    'dpkg-db-backup.timer',
    'e2scrub_all.timer',
    'e2scrub_reap.service',
    'fstrim.timer',
    'getty@tty1.service',
    'serial-getty@ttyS0.service',
    'serial-getty@ttyS1.service',
    'netavark-dhcp-proxy.service',
    'netavark-dhcp-proxy.socket',
    'podman.socket',
    'podman-auto-update.timer',
    'podman-restart.service',
    'podman-clean-transient.service',
    'ldconfig.service',
    'systemd-update-done.service',
    'systemd-pcrphase.service',
    'systemd-hwdb-update.service',
    'systemd-journal-catalog-update.service',
    'systemd-timesyncd.service',
    'systemd-networkd.service',
  ],
} as const;
