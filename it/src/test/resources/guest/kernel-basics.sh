# What every use of a volume does. Volumes: "first" of 1 GiB, "second" of 256 MiB.

attaches_with_one_connection() {
    attach first 1
    equal "size" 1073741824 "$(size_bytes)"
    equal "logical block" 512 "$(queue logical_block_size)"
    equal "write cache" "write back" "$(queue write_cache)"
    equal "FUA" 1 "$(queue fua)"
    above "discard limit" 0 "$(queue discard_max_bytes)"
    equal "read-only" 0 "$(cat /sys/block/nbd0/ro)"
    fact limits "max_sectors_kb=$(queue max_sectors_kb) write_zeroes_max_bytes=$(queue write_zeroes_max_bytes)"
}

# Direct, so that the kernel sends these sizes and alignments and no page cache evens them out.
reads_and_writes_every_size() {
    fill_random /run/pattern 2
    for block in 512 1536 4096 69632 1048576; do
        count=$((1048576 / block))
        [ "$block" -gt 4096 ] || count=$(sized 128)
        dd if=/run/pattern of=/dev/nbd0 bs="$block" count="$count" seek=1 oflag=direct conv=notrunc status=none
        dd if=/dev/nbd0 of=/run/back bs="$block" count="$count" skip=1 iflag=direct status=none
        equal "bytes of $block read" $((block * count)) "$(stat -c %s /run/back)"
        cmp -n $((block * count)) /run/pattern /run/back
    done
    rm /run/pattern /run/back
}

partitions() {
    sfdisk -q /dev/nbd0 << 'TABLE'
label: gpt
size=512M
size=400M
TABLE
    wait_until "partitions appear" test -b /dev/nbd0p1 -a -b /dev/nbd0p2
    equal "first partition" $((512 << 20)) "$(size_bytes /dev/nbd0p1)"
    equal "second partition" $((400 << 20)) "$(size_bytes /dev/nbd0p2)"
    sfdisk -q --verify /dev/nbd0
}

ext4_keeps_files() {
    attached first
    make_and_mount ext4 /dev/nbd0p1 /mnt/ext4
    fill_tree /mnt/ext4/tree 24
    drop_caches
    check_tree /mnt/ext4/tree
}

ext4_is_clean_while_mounted() { check_mounted_ext4 /dev/nbd0p1 /mnt/ext4; }

xfs_keeps_files() {
    attached first
    load_xfs
    make_and_mount xfs /dev/nbd0p2 /mnt/xfs
    fill_tree /mnt/xfs/tree 24
    drop_caches
    check_tree /mnt/xfs/tree
}

remounts() {
    umount /mnt/ext4 /mnt/xfs
    e2fsck -fn /dev/nbd0p1
    xfs_repair -n /dev/nbd0p2
    mount -t ext4 /dev/nbd0p1 /mnt/ext4
    mount -t xfs /dev/nbd0p2 /mnt/xfs
    drop_caches
    check_tree /mnt/ext4/tree
    check_tree /mnt/xfs/tree
    umount /mnt/ext4 /mnt/xfs
}

attaches_again() {
    detach
    equal "size after detach" 0 "$(cat /sys/block/nbd0/size)"
    attach first 1
    wait_until "partitions are found again" test -b /dev/nbd0p1 -a -b /dev/nbd0p2
    mount -t ext4 -o ro /dev/nbd0p1 /mnt/ext4
    mount -t xfs -o ro /dev/nbd0p2 /mnt/xfs
    check_tree /mnt/ext4/tree
    check_tree /mnt/xfs/tree
    umount /mnt/ext4 /mnt/xfs
}

two_volumes_at_once() {
    attach second 1 /dev/nbd1
    equal "size of the second" $((256 << 20)) "$(size_bytes /dev/nbd1)"
    make_and_mount ext4 /dev/nbd1 /mnt/second
    mount /dev/nbd0p1 /mnt/ext4
    cp -r /mnt/ext4/tree /mnt/second/tree
    fill_tree /mnt/ext4/more 4 &
    fill_tree /mnt/second/more 4
    wait
    drop_caches
    check_tree /mnt/second/tree
    check_tree /mnt/second/more
    check_tree /mnt/ext4/more
    umount /mnt/ext4 /mnt/second
    e2fsck -fn /dev/nbd0p1
    e2fsck -fn /dev/nbd1
    detach /dev/nbd1
}

fstrim_frees_space() {
    attached first
    make_and_mount ext4 /dev/nbd0p1 /mnt/ext4
    # The kernel would write inode tables in the background, and the bytes below would be those, too.
    mount -o remount,noinit_itable /mnt/ext4
    fill_random /mnt/ext4/large "$(sized 48)"
    sync
    full=$(host used first)
    rm /mnt/ext4/large
    sync
    fstrim -v /mnt/ext4
    used_below "bytes left in the members, of $full" first $((full - ($(sized 44) << 20)))
    fact freed-bytes "$((full - $(host used first))) of $full"
    umount /mnt/ext4
}

zeroes_and_discards() {
    attached first
    fill_random /run/pattern 4
    dd if=/run/pattern of=/dev/nbd0 bs=1M oflag=direct conv=notrunc status=none
    blkdiscard --zeroout --offset $((512 * 3)) --length $((1 << 20)) /dev/nbd0
    dd if=/dev/nbd0 of=/run/back bs=1M count=4 iflag=direct status=none
    dd if=/dev/zero of=/run/pattern bs=512 seek=3 count=2048 conv=notrunc status=none
    cmp /run/pattern /run/back
    rm /run/pattern /run/back
    blkdiscard -f /dev/nbd0
    used_below "bytes left in the members after a discard of all" first $((16 << 20))
    dd if=/dev/nbd0 bs=1M count=4 iflag=direct status=none | tr -d '\0' | wc -c > /run/rest
    equal "bytes that are not zero after a discard of all" 0 "$(cat /run/rest)"
}

# swapped_out KIB: asks for more until so much is out.
swapped_out() {
    echo 16M > /run/groups/swapped/memory.reclaim || true
    [ "$(awk '/SwapTotal/ { t = $2 } /SwapFree/ { f = $2 } END { print t - f }' /proc/meminfo)" -ge "$1" ]
}

swaps() {
    attached first
    dd if=/dev/zero of=/dev/nbd0 bs=1M count=1 conv=notrunc,fsync status=none
    mkswap /dev/nbd0
    swapon /dev/nbd0
    # Two copies in memory, most of which the kernel is told to swap out: they have to come back as they were.
    mkdir -p /run/memory /run/groups
    mount -t tmpfs memory /run/memory
    mount -t cgroup2 groups /run/groups
    mkdir /run/groups/swapped
    echo +memory > /run/groups/cgroup.subtree_control
    fill_random /run/pattern "$(sized 16)"
    sum=$(md5sum < /run/pattern)
    (
        sh -c 'echo $PPID' > /run/groups/swapped/cgroup.procs
        for copy in 1 2; do
            cp /run/pattern "/run/memory/$copy"
        done
    )
    wait_until "three quarters of them are swapped out" swapped_out "$(sized 24576)"
    for copy in 1 2; do
        equal "copy $copy" "$sum" "$(md5sum < "/run/memory/$copy")"
    done
    umount /run/memory
    swapoff /dev/nbd0
    rmdir /run/groups/swapped
    umount /run/groups
    rm /run/pattern
}

detaches() {
    detach
    equal "size after detach" 0 "$(cat /sys/block/nbd0/size)"
}

run_case attach-one-connection attaches_with_one_connection
run_case every-size reads_and_writes_every_size
run_case partition-table partitions
run_case ext4 ext4_keeps_files
run_case ext4-online-check ext4_is_clean_while_mounted
run_case xfs xfs_keeps_files
run_case remount-and-check remounts
run_case attach-again attaches_again
run_case two-volumes two_volumes_at_once
run_case fstrim fstrim_frees_space
run_case zero-and-discard zeroes_and_discards
run_case swap swaps
run_case detach detaches
