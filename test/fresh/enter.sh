#!/bin/sh
# enter.sh ROOT UID COMMAND…: runs it in this root as this user. Called in mount and PID namespaces of its own: whatever is
# mounted and started here ends with them. What a Debian has mounted, and nothing of this machine's but its kernel.
set -e
root=$1
user=$2
shift 2

mount -t proc proc "$root/proc"
mount -t sysfs -o ro sysfs "$root/sys"
mount -t tmpfs -o mode=755 tmpfs "$root/dev"
for device in null zero full random urandom tty; do
  touch "$root/dev/$device"
  mount --bind "/dev/$device" "$root/dev/$device"
done
mkdir "$root/dev/pts" "$root/dev/shm"
mount -t devpts -o newinstance,ptmxmode=0666 devpts "$root/dev/pts"
mount -t tmpfs -o mode=1777 tmpfs "$root/dev/shm"
ln -s pts/ptmx "$root/dev/ptmx"
ln -s /proc/self/fd "$root/dev/fd"
for stream in 0:stdin 1:stdout 2:stderr; do ln -s "/proc/self/fd/${stream%:*}" "$root/dev/${stream#*:}"; done

# Not exec: a change of user makes the kernel forget that this process is to die with its parent, and all below it with it.
code=0
chroot --userspec="$user:$user" "$root" "$@" || code=$?
exit "$code"
