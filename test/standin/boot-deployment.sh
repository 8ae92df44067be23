#!/bin/sh
# What the boot loader and ostree-prepare-root(1) do on a real host, as far as a container can: chooses the default
# deployment, makes its files those of the running system, and says so in /run/ostree-booted. Part of the tests, never of the product.
set -eu

# The boot loader's default is the entry of the highest version (ostree, "src/libostree/ostree-sysroot-deploy.c").
entry=$(grep -l "^version $(sed -n 's/^version //p' /sysroot/boot/loader/entries/*.conf | sort -n | tail -n 1)\$" \
  /sysroot/boot/loader/entries/*.conf)
root=$(realpath "/sysroot$(sed -n 's/^options .*ostree=\([^ ]*\).*/\1/p' "$entry")")

# The host's own /usr stays, for a deployment of the tests has little more than what it binds.
for part in usr/lib/bootc usr/share/containers/systemd usr/lib/os-release; do
  [ -e "$root/$part" ] || continue
  mount --bind -o ro "$root/$part" "/$part"
done
ln -sfn sysroot/ostree /ostree
mount --bind /sysroot/boot /boot
mount -o remount,bind,ro /sysroot

# A GVariant a{sv} with one entry, "backing-root-device-inode": (tt), which is how ostree knows its booted deployment where "/"
# is another file system than the deployment's folder, as with composefs (ostree, "src/libotcore/otcore.h").
le64() { # as eight bytes, the least significant first
  number=$1
  for _ in 1 2 3 4 5 6 7 8; do
    printf "\\$(printf '%03o' $((number % 256)))"
    number=$((number / 256))
  done
}
{
  printf 'backing-root-device-inode\000\000\000\000\000\000\000'
  le64 "$(stat --format=%d "$root")"
  le64 "$(stat --format=%i "$root")"
  printf '\000(tt)\032\066'
} >/run/ostree-booted.new
mv /run/ostree-booted.new /run/ostree-booted
mkdir -p /run/ostree
