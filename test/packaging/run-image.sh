#!/bin/sh
# Runs a program of an image as a container engine would with --read-only and no capabilities, on machines where none may: own process,
# mount and host names, the root read-only, the volume and /tmp writable, the image's user. The network is the machine's.
#
#   run-image.sh ROOT VOLUME USER NAME=VALUE… PROGRAM ARGUMENT…
set -eu
# In the new names the shell becomes the program: it is process 1, as in a container.
exec unshare --mount --pid --ipc --uts --fork --kill-child --propagation private sh -euc '
root=$1 volume=$2 user=$3
shift 3
mount --bind "$root" "$root"
mount -t proc -o nosuid,nodev,noexec proc "$root/proc"
mount -t tmpfs -o nosuid,nodev,mode=1777 tmp "$root/tmp"
mount -t tmpfs -o nosuid,mode=755 dev "$root/dev"
for device in null zero random urandom; do
  : > "$root/dev/$device"
  mount --bind "/dev/$device" "$root/dev/$device"
done
mount --bind "$volume" "$root/var/lib/sluice"
mount -o remount,bind,ro "$root"
exec chroot "$root" setpriv --reuid "${user%:*}" --regid "${user#*:}" --clear-groups --no-new-privs \
  --bounding-set=-all --inh-caps=-all env -i "$@"
' sh "$@"
