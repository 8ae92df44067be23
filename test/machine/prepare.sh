#!/bin/sh
# prepare.sh ROOT WORK DISK NODE PROJECT PACKAGES IMAGES: a disk with the packages installed, the stand-in's OS image deployed, and the
# registry filled, all of it labelled. Runs as root in namespaces of its own (mounts, network, processes). Part of the tests.
set -eu
lower=$1 work=$2 disk=$3 node=$4 project=$5 packages=$6 images=$7

mkdir -p "$work/upper" "$work/aside" "$work/root"
mount -t overlay overlay -o "lowerdir=$lower,upperdir=$work/upper,workdir=$work/aside" "$work/root"
root=$work/root
# podman and ostree ask for a disk below them, and no overlay.
mkdir "$work/sysroot" "$root/sysroot"
mount --bind "$work/sysroot" "$root/sysroot"

install -m 0755 "$node" "$root/usr/bin/node"
mkdir -p "$root/usr/libexec/bootc-standin" "$root/usr/libexec/machine-tests" "$root/var/lib/machine-tests"
cp -r "$project/test/standin/." "$root/usr/libexec/bootc-standin/"
cp "$project/test/machine/serve.ts" "$root/usr/libexec/machine-tests/"
cp -r "$images" "$root/var/lib/machine-tests/images"
mkdir "$root/packages" && cp "$packages"/*.noarch.rpm "$root/packages/"

mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
mount --rbind /sys "$root/sys"
mount -t tmpfs tmpfs "$root/run"
mount -t tmpfs tmpfs "$root/tmp"
chroot "$root" sh -eu <<'END'
ip link set lo up
# Debian's packages are none of rpm's: what ours need is there.
rpm --install --nodeps --excludedocs /packages/*.rpm
systemd-tmpfiles --create bound-images.conf
OTEL_TRACES_EXPORTER=none docker-registry serve /usr/libexec/bootc-standin/units/registry.json >/dev/null 2>&1 &
registry=$!
sh /usr/libexec/bootc-standin/install.sh ostree
for image in $(sed -n 's/ .*//p' /var/lib/machine-tests/images/pushed); do
  reference=$(sed -n "s/^$image //p" /var/lib/machine-tests/images/pushed)
  skopeo copy --quiet --preserve-digests "oci:/var/lib/machine-tests/images:$image" "docker://$reference"
done
node /usr/libexec/bootc-standin/install.ts 127.0.0.1:5000/os:latest
kill $registry
wait $registry || :
END
rm -r "$root/packages"
umount -R "$root/proc" "$root/dev" "$root/sys" "$root/run" "$root/tmp" "$root/sysroot"
cp -a "$work/sysroot/." "$root/sysroot/"

# What a commit holds has the labels that the policy gave it there, by its place in the deployment.
cat >"$root/etc/selinux/default/contexts/files/file_contexts.local" <<'END'
/sysroot/(boot|ostree/repo|ostree/deploy)(/.*)?	system_u:object_r:usr_t:s0
/sysroot/ostree/repo/objects/.*\.file	<<none>>
/sysroot/ostree/deploy/default/deploy/[0-9a-f]+\.[0-9]+(/.*)?	<<none>>
# As in Fedora's policy.
/usr/bin/ostree	--	system_u:object_r:install_exec_t:s0
/usr/libexec/bootc-standin/bootc\.ts	--	system_u:object_r:install_exec_t:s0
END
chroot "$root" setfiles /etc/selinux/default/contexts/files/file_contexts /
mke2fs -q -F -t ext4 -d "$root" "$disk" 3G
