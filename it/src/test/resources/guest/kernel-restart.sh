# The server ends and comes back, grows a volume, serves read-only. Volume: "first" of 1 GiB.

stops_and_starts_between_attachments() {
    attach first 2
    make_and_mount ext4 /dev/nbd0 /mnt/ext4
    fill_tree /mnt/ext4/tree 8
    umount /mnt/ext4
    detach
    fact counters "$(host stop-server)"
    refused nbd-client "$HOST" "$PORT" -N first /dev/nbd0
    host start-server
    attach first 2
    e2fsck -fn /dev/nbd0
    mount /dev/nbd0 /mnt/ext4
    check_tree /mnt/ext4/tree
}

# The kernel loses its server in the middle; what was synced before must be there.
stops_while_mounted() {
    kernel_errors_expected
    fill_tree /mnt/ext4/synced 8
    sync
    host stop-server
    lose_device
    host start-server
    attach first 2
    recovers_with synced
}

# Also nothing that was only acknowledged may lie in the server's memory: files are fsynced until the server is killed.
# CRASH_ROUNDS times, on one file system, each time after another number of files.
is_killed_while_writing() {
    kernel_errors_expected
    synced_in_all=0
    for round in $(seq 1 "${CRASH_ROUNDS:-1}"); do
        mount /dev/nbd0 /mnt/ext4
        rm -rf /mnt/ext4/kill.* /run/synced
        writes_until_it_fails &
        writer=$!
        wait_until "some files are written" enough_files $((8 + round * 7 % 13))
        host kill-server
        # Otherwise the kernel holds what was on its way for 30 seconds, in case the server comes back.
        nbd-client -d /dev/nbd0
        wait "$writer" || true
        lose_device
        host start-server
        attach first 2
        mount /dev/nbd0 /mnt/ext4
        synced_in_all=$((synced_in_all + $(wc -l < /run/synced)))
        (cd /mnt/ext4 && md5sum -c /run/synced) > /run/sums.out 2>&1 ||
            because "lost after kill -9, round $round: $(grep -v ': OK$' /run/sums.out | head -n 3)"
        umount /mnt/ext4
        e2fsck -fn /dev/nbd0
    done
    fact killed "$round times, $synced_in_all files synced before and all there"
}

enough_files() { [ -e /run/synced ] && [ "$(wc -l < /run/synced)" -ge "$1" ]; }

writes_until_it_fails() (
    { set +x; } 2> /dev/null
    set +e
    cd /mnt/ext4 || exit
    for index in $(seq 1 1000); do
        head -c 65536 /dev/urandom > /run/next
        dd if=/run/next of="kill.$index" bs=64k conv=fsync status=none || exit
        sum=$(md5sum < /run/next)
        echo "${sum%% *}  kill.$index" >> /run/synced
    done
)

lose_device() {
    umount /mnt/ext4 || umount -l /mnt/ext4
    detach || is_free /dev/nbd0
}

# recovers_with TREE: the journal is replayed and the tree is whole.
recovers_with() {
    mount /dev/nbd0 /mnt/ext4
    check_tree "/mnt/ext4/$1"
    umount /mnt/ext4
    e2fsck -fn /dev/nbd0
}

# The server grows the volume under the mounted file system; the kernel's own client learns of it when it attaches again.
grows_while_mounted() {
    mount /dev/nbd0 /mnt/ext4
    fill_tree /mnt/ext4/before 8
    host resize first 1536M
    fill_tree /mnt/ext4/after 8
    drop_caches
    check_tree /mnt/ext4/before
    check_tree /mnt/ext4/after
    equal "size before attaching again" 1073741824 "$(size_bytes)"
    umount /mnt/ext4
    detach
    attach first 2
    equal "size after attaching again" $((1536 << 20)) "$(size_bytes)"
    mount /dev/nbd0 /mnt/ext4
    resize2fs /dev/nbd0
    above "KiB in the file system" 1300000 "$(df -k /mnt/ext4 | awk 'END { print $2 }')"
    check_tree /mnt/ext4/before
    check_tree /mnt/ext4/after
    check_mounted_ext4 /dev/nbd0 /mnt/ext4
    dd if=/dev/urandom of=/dev/nbd0 bs=1M seek=1535 count=1 oflag=direct conv=notrunc status=none
    umount /mnt/ext4
}

serves_read_only() {
    detach
    host stop-server
    host start-server read-only
    attach first 2
    equal "read-only as the kernel sees it" 1 "$(cat /sys/block/nbd0/ro)"
    refused dd if=/dev/zero of=/dev/nbd0 bs=4k count=1 oflag=direct conv=notrunc status=none
    mount -o ro /dev/nbd0 /mnt/ext4
    check_tree /mnt/ext4/after
    refused touch /mnt/ext4/new
    umount /mnt/ext4
    e2fsck -fn /dev/nbd0
    detach
    host stop-server
    host start-server
}

run_case restart-between-attachments stops_and_starts_between_attachments
run_case sigterm-while-mounted stops_while_mounted
run_case kill-while-writing is_killed_while_writing $((150 + 20 * ${CRASH_ROUNDS:-1}))
run_case grow-while-mounted grows_while_mounted
run_case read-only serves_read_only
