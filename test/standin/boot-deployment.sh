#!/bin/sh
# What the boot loader and the initramfs do on a real host, as far as a container can: chooses the default deployment, makes its
# files those of the running system, and says so where bootc and ostree look. Part of the tests, never of the product.
set -eu
mkdir -p /run/standin

boot_ostree() {
  # The boot loader's default is the entry of the highest version (ostree, "src/libostree/ostree-sysroot-deploy.c").
  newest=$(sed -n 's/^version //p' /sysroot/boot/loader/entries/*.conf | sort -n | tail -n 1)
  entry=$(grep -l "^version $newest\$" /sysroot/boot/loader/entries/*.conf)
  root=$(realpath "/sysroot$(sed -n 's/^options .*ostree=\([^ ]*\).*/\1/p' "$entry")")
  ln -sfn sysroot/ostree /ostree
  mount --bind /sysroot/boot /boot
  # A GVariant a{sv} with one entry, "backing-root-device-inode": (tt), which is how ostree knows its booted deployment where "/" is
  # another file system than the deployment's folder (ostree, "src/libotcore/otcore.h").
  {
    printf 'backing-root-device-inode\000\000\000\000\000\000\000'
    le64 "$(stat --format=%d "$root")"
    le64 "$(stat --format=%i "$root")"
    printf '\000(tt)\032\066'
  } >/run/standin/ostree-booted
  mv /run/standin/ostree-booted /run/ostree-booted
  mkdir -p /run/ostree
}

boot_composefs() {
  verity=$(head -n 1 /sysroot/boot/loader/standin-entries)
  mount --bind /sysroot/boot /boot
  root=/run/standin/root
  mkdir -p "$root"
  mount -t erofs -o ro "/sysroot/composefs/images/$verity" "$root"
  printf 'composefs=%s\n' "$verity" >/run/standin/cmdline
  mount --bind /run/standin/cmdline /proc/cmdline
}

le64() { # a number as eight bytes, the least significant first
  number=$1
  for _ in 1 2 3 4 5 6 7 8; do
    printf "\\$(printf '%03o' $((number % 256)))"
    number=$((number / 256))
  done
}

if [ -d /sysroot/composefs ]; then boot_composefs; else boot_ostree; fi
# The host's own /usr stays, for a deployment of the tests has little more than what it binds.
for part in usr/lib/bootc usr/share/containers/systemd usr/lib/os-release; do
  [ -e "$root/$part" ] || continue
  mount --bind -o ro "$root/$part" "/$part"
done
mount -o remount,bind,ro /sysroot
