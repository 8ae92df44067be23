/** What the test host's root is made of. Its hash names the cached root, so a change here builds a new one. */
export const recipe = {
  suite: 'trixie',
  packages: [
    // The booted system.
    'systemd systemd-sysv dbus polkitd iproute2 procps e2fsprogs',
    // What bound-images drives or stands beside on a bootc host.
    'podman skopeo crun buildah ostree netavark nftables',
    // The images that the composefs backend of bootc makes of its deployments.
    'erofs-utils',
    // Says which connections are metered.
    'network-manager',
    // Where the page is shown: its web server, the bridge, the frame with the menu; sudo gives administrative access.
    'cockpit-ws cockpit-bridge cockpit-system sudo',
    // What the tests bring: a registry, its logins and certificates, images that run.
    'docker-registry apache2-utils openssl ca-certificates busybox-static curl gnupg',
  ]
    .join(' ')
    .split(' '),
  /** Files written into the root, by path. */
  files: {
    'etc/containers/containers.conf':
      '[containers]\n# The hosts of the tests have no pids controller.\npids_limit = 0\n',
    'etc/machine-id': `${'b0'.repeat(16)}\n`,
    // The host's name is the one it is booted with, and not the building machine's.
    'etc/hostname': '',
    // Booting from here on is no first boot, and nothing in /etc or /var waits for an update.
    'etc/.updated': 'TIMESTAMP_NSEC=9000000000000000000\n',
    'var/.updated': 'TIMESTAMP_NSEC=9000000000000000000\n',
    // Says on the console, where boot.ts reads it, that everything else was started.
    'etc/systemd/system/host-is-up.service': [
      '[Unit]',
      'After=multi-user.target',
      '[Service]',
      'Type=oneshot',
      'ExecStart=/usr/bin/echo bound-images-host-is-up',
      'StandardOutput=tty',
      'TTYPath=/dev/console',
      '',
    ].join('\n'),
  },
  links: {
    'etc/systemd/system/graphical.target.wants/host-is-up.service': '../host-is-up.service',
  },
  /** Units that are masked: what needs a network or the kernel's own modules, and what tests start themselves. */
  masked: [
    'NetworkManager.service',
    'NetworkManager-wait-online.service',
    'docker-registry.service',
    'apt-daily.timer',
    'apt-daily-upgrade.timer',
    'dpkg-db-backup.timer',
    'fstrim.timer',
    'console-getty.service',
    'netavark-dhcp-proxy.service',
    'netavark-dhcp-proxy.socket',
    'systemd-modules-load.service',
    'systemd-update-done.service',
    'ldconfig.service',
  ],
} as const;
