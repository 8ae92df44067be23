#!/bin/sh
# policy.sh ROOT WORK MODULE POLICY: the policy of the machine's root with the module in it, as a binary. Runs as root in a mount
# namespace of its own. Part of the tests.
set -eu
root=$1 work=$2 module=$3 policy=$4
mkdir -p "$work/upper" "$work/aside" "$work/root"
mount -t overlay overlay -o "lowerdir=$root,upperdir=$work/upper,workdir=$work/aside" "$work/root"
cp "$module" "$work/root/tmp/boundimages.pp"
# The newest version that setools of Debian 12 reads.
echo 'policy-version = 33' >>"$work/root/etc/selinux/semanage.conf"
chroot "$work/root" semodule --noreload --install=/tmp/boundimages.pp
cp "$work/root/etc/selinux/default/policy/policy.33" "$policy"
