# A volume of 1 TiB that occupies nothing: range commands must cost what they name, not what they span. Volume: "large".

timed() {
    timed_start_ms=$(uptime_ms)
    "$@"
    timed_ms=$(($(uptime_ms) - timed_start_ms))
}

attaches() {
    attach large 2
    equal "size" 1099511627776 "$(size_bytes)"
}

ext4_in_seconds() {
    attached large 2
    # shellcheck disable=SC2086  # several options are several words
    timed mkfs.ext4 -qF ${MKFS_EXT4_OPTIONS:-} /dev/nbd0
    fact mkfs.ext4-ms "$timed_ms"
    mkdir -p /mnt/ext4
    mount /dev/nbd0 /mnt/ext4
    fill_tree /mnt/ext4/tree 8
    umount /mnt/ext4
    mount /dev/nbd0 /mnt/ext4
    check_tree /mnt/ext4/tree
    umount /mnt/ext4
    fact ext4-used-bytes "$(host used large)"
}

reaches_the_last_block() {
    attached large 2
    fill_random /run/pattern 1
    dd if=/run/pattern of=/dev/nbd0 bs=1M seek=1048575 oflag=direct conv=notrunc status=none
    dd if=/dev/nbd0 of=/run/back bs=1M skip=1048575 iflag=direct status=none
    cmp /run/pattern /run/back
    dd if=/dev/nbd0 bs=1M skip=524288 count=4 iflag=direct status=none | tr -d '\0' | wc -c > /run/rest
    equal "bytes that are not zero in the middle" 0 "$(cat /run/rest)"
}

discards_all_in_seconds() {
    attached large 2
    timed blkdiscard -f /dev/nbd0
    fact discard-1TiB-ms "$timed_ms"
    used_below "bytes left in the members" large $((16 << 20))
}

xfs_in_seconds() {
    attached large 2
    load_xfs
    # shellcheck disable=SC2086  # several options are several words
    timed mkfs.xfs -qf ${MKFS_XFS_OPTIONS:-} /dev/nbd0
    fact mkfs.xfs-ms "$timed_ms"
    mkdir -p /mnt/xfs
    mount -t xfs /dev/nbd0 /mnt/xfs
    fill_tree /mnt/xfs/tree 8
    umount /mnt/xfs
    mount -t xfs /dev/nbd0 /mnt/xfs
    check_tree /mnt/xfs/tree
    umount /mnt/xfs
    fact xfs-used-bytes "$(host used large)"
    detach
}

run_case attach-1TiB attaches
run_case mkfs-ext4-1TiB ext4_in_seconds 240
run_case discard-1TiB discards_all_in_seconds
run_case last-block-of-1TiB reaches_the_last_block
run_case mkfs-xfs-1TiB xfs_in_seconds 240
