#!/bin/sh
# Makes this machine ready for WHAT: `test` (the component and host tests, the bench), `rpm` or `demo`.
# Plain sh, because it runs before there are any node modules. Checks for programs and not for packages: every distribution
# has these programs, each under package names of its own. Only Debian gets them installed.
set -eu
cd "$(dirname "$0")/.."

installed=node_modules/.package-lock.json
if ! [ -e $installed ] || [ package-lock.json -nt $installed ]; then
  # Not `npm ci`: it refuses a lock file without the optional packages of platforms that a registry does not have. This
  # installs what the lock file says too, and leaves it as it is.
  npm install --no-save --no-audit --no-fund --loglevel=error >&2
fi

# "program package" lines; the packages are Debian's.
packaging='rpmbuild rpm
rpmlint rpmlint
make make
bzip2 bzip2
checkmodule checkpolicy
semodule_package semodule-utils
appstreamcli appstream
/usr/share/selinux/devel/Makefile selinux-policy-dev'
case "${1-}" in
  test)
    needed='mmdebstrap mmdebstrap
systemd-nspawn systemd-container
nsenter util-linux
setpriv util-linux
openssl openssl
chromium chromium
/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf fonts-dejavu-core
pngquant pngquant
/usr/share/keyrings/debian-archive-keyring.gpg debian-archive-keyring
qemu-system-x86_64 qemu-system-x86
mke2fs e2fsprogs
sesearch setools
mandoc mandoc
zsh zsh
fish fish'"
$packaging"
    ;;
  rpm) needed=$packaging ;;
  demo)
    needed='skopeo skopeo
podman podman
crun crun
docker-registry docker-registry
busybox busybox-static
newuidmap uidmap
fuse-overlayfs fuse-overlayfs
/etc/containers/policy.json golang-github-containers-common'
    ;;
  *)
    echo "usage: test/setup.sh test|rpm|demo" >&2
    exit 2
    ;;
esac

programs='' packages=''
while read -r program package; do
  case "$program" in
    /*) [ ! -e "$program" ] || continue ;;
    # An ordinary user's PATH need not have the sbin folders.
    *) ! PATH="$PATH:/usr/sbin:/sbin" command -v "$program" >/dev/null || continue ;;
  esac
  programs="$programs $program" packages="$packages $package"
done <<END
$needed
END
[ -n "$packages" ] || exit 0

if [ "$(id -u)" != 0 ] || ! [ -e /etc/debian_version ] || ! command -v apt-get >/dev/null; then
  echo "missing for '$1':$programs" >&2
  echo "On Debian, root's test/setup.sh $1 installs them; elsewhere install what has them, then try again." >&2
  exit 1
fi
echo "installing for '$1':$packages" >&2
export DEBIAN_FRONTEND=noninteractive
install() { # shellcheck disable=SC2086 # one word a package
  apt-get install --yes --quiet=2 --no-install-recommends $packages >/dev/null
}
# The lists of a new machine are missing or stale: only then are they read again.
install 2>/dev/null || { apt-get update --quiet=2 && install; } >&2
