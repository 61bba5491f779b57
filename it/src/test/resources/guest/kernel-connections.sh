# One volume over several connections; the guest has four processors, so the kernel uses all four. Volume: "first".

attaches_with_four_connections() {
    attach first 4
    equal "queues" 4 "$(ls /sys/block/nbd0/mq | wc -l)"
    equal "connections" 4 "$(netstat -tn | grep -c ":$PORT .*ESTABLISHED")"
}

# A flush on one connection has to cover what the others wrote; each job verifies what it wrote itself.
fio_verifies_in_parallel() {
    fio --name=verify --filename=/dev/nbd0 --ioengine=libaio --direct=1 --rw=randwrite --bsrange=512-64k --size="$(sized 12)M" \
        --offset_increment=16M --numjobs=4 --iodepth=16 --fsync=64 --verify=crc32c --verify_fatal=1 --do_verify=1 \
        --randseed=4711 --output=/run/fio.out || because "fio: $(grep -iE 'verify|err=' /run/fio.out | head -n 3)"
    grep -E 'err=|WRITE:|READ:' /run/fio.out
}

ext4_survives_parallel_writers() {
    make_and_mount ext4 /dev/nbd0 /mnt/ext4
    for writer in 1 2 3 4; do
        fill_tree "/mnt/ext4/$writer" 4 &
        writers="${writers:-} $!"
    done
    for writer in $writers; do
        wait "$writer"
    done
    drop_caches
    for writer in 1 2 3 4; do
        check_tree "/mnt/ext4/$writer"
    done
    umount /mnt/ext4
    e2fsck -fn /dev/nbd0
}

detaches() {
    detach
    equal "connections" 0 "$(netstat -tn | grep -c ":$PORT .*ESTABLISHED" || true)"
}

run_case attach-four-connections attaches_with_four_connections
run_case fio-verify fio_verifies_in_parallel
run_case parallel-writers ext4_survives_parallel_writers
run_case detach-four-connections detaches
