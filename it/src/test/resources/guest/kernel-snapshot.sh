# A snapshot under a mounted file system that is being written to. Volume: "first" of 1 GiB.

writes_files_while_a_snapshot_is_made() {
    attach first 2
    make_and_mount ext4 /dev/nbd0 /mnt/ext4
    fill_tree /mnt/ext4/tree 16
    sync
    rm -f /run/synced
    writes_synced_files &
    writer=$!
    wait_until "some files are written" enough_files 8
    cp /run/synced /run/before
    host kiobd snapshot create first@one
    lines=$(wc -l < /run/synced)
    wait_until "files are written behind it" enough_files $((lines + 8))
    touch /run/enough
    wait "$writer"
    fact files "$(wc -l < /run/before) synced before the snapshot, $(wc -l < /run/synced) in the end"
    umount /mnt/ext4
    e2fsck -fn /dev/nbd0
    detach
}

enough_files() { [ -e /run/synced ] && [ "$(wc -l < /run/synced)" -ge "$1" ]; }

# Each name is noted when its file, its data and its place in the folder are said to be on the disk.
writes_synced_files() (
    { set +x; } 2> /dev/null
    cd /mnt/ext4
    index=0
    while [ ! -e /run/enough ] && [ "$index" -lt 2000 ]; do
        index=$((index + 1))
        head -c 65536 /dev/urandom > "file$index"
        sync "file$index" .
        md5sum "file$index" >> /run/synced
    done
)

# What a mount of it would do after a power cut: replay the journal. Then all is clean.
a_clone_of_it_has_all_that_was_synced_and_is_clean() {
    host stop-server
    host kiobd clone first@one fork
    host start-server
    attach fork 2
    mount /dev/nbd0 /mnt/ext4
    check_tree /mnt/ext4/tree
    (cd /mnt/ext4 && md5sum -c /run/before) > /run/sums.out 2>&1 ||
        because "not in the snapshot: $(grep -v ': OK$' /run/sums.out | head -n 3)"
    fill_tree /mnt/ext4/own 4
    umount /mnt/ext4
    e2fsck -fn /dev/nbd0
    detach
}

the_volume_goes_back_to_it() {
    host stop-server
    host kiobd snapshot rollback first@one --yes
    host start-server
    attach first 2
    mount /dev/nbd0 /mnt/ext4
    check_tree /mnt/ext4/tree
    (cd /mnt/ext4 && md5sum -c /run/before) > /run/sums.out 2>&1 ||
        because "not rolled back to: $(grep -v ': OK$' /run/sums.out | head -n 3)"
    equal "the clone's tree" "" "$(ls -d /mnt/ext4/own 2> /dev/null)"
    last=$(tail -n 1 /run/synced | sed 's/.* //')
    equal "a file of later" "" "$(ls "/mnt/ext4/$last" 2> /dev/null)"
    umount /mnt/ext4
    e2fsck -fn /dev/nbd0
    detach
}

run_case snapshot-while-writing writes_files_while_a_snapshot_is_made
run_case clone-is-clean a_clone_of_it_has_all_that_was_synced_and_is_clean
run_case rollback the_volume_goes_back_to_it
