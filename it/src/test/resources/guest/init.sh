#!/bin/busybox sh
# First program of the guest, in the initramfs: loads the modules the host packed, then moves to the root disk.
busybox=/bin/busybox
$busybox mkdir -p /proc /sys /dev /root
$busybox mount -t proc proc /proc
$busybox mount -t sysfs sys /sys
$busybox mount -t devtmpfs dev /dev

while read -r module arguments; do
    # shellcheck disable=SC2086  # several arguments are several words
    $busybox insmod "/modules/$module.ko" $arguments || echo "init: cannot load $module"
done < /modules/order

$busybox mount -t ext4 -o ro /dev/vda /root || { echo "init: no root disk"; $busybox poweroff -f; }
for tmp in run tmp mnt; do
    $busybox mount -t tmpfs "$tmp" "/root/$tmp"
done
$busybox cp -r /guest /root/run/guest
for pseudo in proc sys dev; do
    $busybox mount --move "/$pseudo" "/root/$pseudo"
done
exec $busybox switch_root /root /run/guest/start.sh
