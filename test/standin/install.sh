#!/bin/sh
# install.sh BACKEND: puts the stand-in and its units into a test host, and makes an empty sysroot. Part of the tests.
set -eu
backend=$1
here=/usr/libexec/bootc-standin
mkdir -p /usr/lib/bootc /usr/share/containers/systemd /etc/containers/registries.conf.d /etc/systemd/system
ln -s "$here/bootc.ts" /usr/bin/bootc
# A host without a port stands for all its ports.
printf '[[registry]]\nlocation = "127.0.0.1"\ninsecure = true\n' >/etc/containers/registries.conf.d/registry-of-the-tests.conf

for unit in "$here"/units/*.service "$here"/units/*.path "$here"/units/*.target "$here"/units/*.timer; do
  cp "$unit" /usr/lib/systemd/system/
done
systemctl daemon-reload
systemctl enable --quiet boot-deployment.service bootc-status-updated.path bootc-status-updated-onboot.target
systemctl enable --quiet registry.service
# Ignored in a chroot, where a disk is prepared.
systemctl start registry.service

mkdir -p "/sysroot/$backend/bootc/storage" /sysroot/boot
if [ "$backend" = ostree ]; then
  ostree admin init-fs --modern /sysroot
  ostree admin --sysroot=/sysroot stateroot-init default
  ostree --repo=/sysroot/ostree/repo config set sysroot.bootloader none
  ostree --repo=/sysroot/ostree/repo config set sysroot.readonly true
else
  mkdir -p /sysroot/ostree
  ln -s ../composefs/bootc /sysroot/ostree/bootc
  mkdir -p /sysroot/composefs/objects
  systemctl enable --quiet bootc-finalize-staged.service
fi

# docker-registry has no word for being ready.
until curl --silent --fail http://127.0.0.1:5000/v2/ >/dev/null; do sleep 0.1; done
