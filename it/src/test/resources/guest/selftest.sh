# Proves the harness itself, against any NBD server with two exports of at least 64 MiB, "first" and "second".

attaches() {
    attach first
    equal "device size" 67108864 "$(size_bytes)"
}

makes_and_checks_a_file_system() {
    mkfs.ext4 -qF /dev/nbd0
    mount /dev/nbd0 /mnt
    fill_tree /mnt/tree 8
    umount /mnt
    mount /dev/nbd0 /mnt
    drop_caches
    check_tree /mnt/tree
    umount /mnt
    e2fsck -fn /dev/nbd0
}

talks_to_the_host() {
    equal "the host's answer" "two words" "$(host echo two words)"
    fact greeting "$(host echo hello)"
}

detaches() {
    detach
    equal "size after detach" 0 "$(cat /sys/block/nbd0/size)"
}

run_case attach attaches
run_case file-system makes_and_checks_a_file_system
run_case host-conversation talks_to_the_host
run_case detach detaches
