#!/bin/sh
# start.sh CGROUP ROOT DISK NSPAWN-OPTION...
# Boots a host from ROOT and DISK. boot.ts runs it in mount and process namespaces of its own, so that the overlay goes away
# with the host, and the host with this.
set -eu
cgroup=$1 root=$2 disk=$3
shift 3
# nspawn makes the cgroup that it is in the root of the host's: two hosts must not be in one.
echo $$ >"$cgroup/cgroup.procs"
mount -t overlay overlay -o "lowerdir=$root,upperdir=$disk/upper,workdir=$disk/work" "$disk/merged"
export SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1
# The capabilities and system calls are those that podman needs to run containers.
exec systemd-nspawn --quiet --boot --register=no --keep-unit --link-journal=no --console=read-only \
  --directory="$disk/merged" --bind="$disk/var:/var" --bind="$disk/sysroot:/sysroot" \
  --private-network --resolv-conf=off --timezone=off --bind=/dev/fuse \
  --capability=all --system-call-filter='add_key keyctl bpf' "$@"
