# kiobd attach, in the guest, against a server on the host. Volume: "first" of 1 GiB. CRASH_ROUNDS: how often the server is killed.

mkdir -p /run/java /run/kiobd.d /run/kiobd
mount -t ext4 -o ro /dev/vdb /run/java
mount -t ext4 -o ro /dev/vdc /run/kiobd.d
# The root disk is read-only, and attachments are saved in /etc.
cp -a /etc /run/etc
mount --bind /run/etc /etc

kiobd() {
    /run/java/bin/java -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -XX:-UsePerfData -jar /run/kiobd.d/kiobd.jar "$@"
}

uri() { echo "nbd://$HOST:$PORT/$1"; }

# Writes a file and syncs it, again and again, until /run/stop is there; notes what failed, and how long each took.
writes_and_syncs() (
    { set +x; } 2> /dev/null
    number=0
    until [ -e /run/stop ]; do
        number=$((number + 1))
        began=$(uptime_ms)
        dd if=/dev/urandom of="$1/w.$((number % 40))" bs=4k count=4 conv=fsync status=none 2>> /run/failed || true
        echo $(($(uptime_ms) - began)) >> /run/stalls
    done
)

longest() { sort -n "$1" | tail -n 1; }

attaches() {
    kiobd attach "$(uri first)" /dev/nbd0
    equal size $((1 << 30)) "$(size_bytes /dev/nbd0)"
    equal "kernel's look at requests" 1000 "$(queue io_timeout)"
    kiobd attach "$(uri first)" > /run/again
    grep "was attached already" /run/again
    kiobd attach --list > /run/list
    grep "/dev/nbd0 .*attached .*kiobd:" /run/list
    refused_because "is attached already, as /dev/nbd0" kiobd attach "$(uri first)" /dev/nbd1
    refused_because "no such export" kiobd attach "$(uri nothing)"
    fact attachd "$(grep -s VmRSS /proc/"$(supervisor)"/status)"
}

# refused_because REASON COMMAND...: the command has to fail, and to say so.
refused_because() {
    reason=$1
    shift
    ! "$@" 2> /run/why || because "should have failed: $*"
    grep "$reason" /run/why || because "failed, but not because \"$reason\": $(cat /run/why)"
}

supervisor() { cat /run/kiobd/attachd.lock; }

# outlives TROUBLE FILE_SYSTEM: runs TROUBLE while files are used. Fails if a call failed, a byte is wrong, or the file system is damaged.
outlives() {
    kernel_errors_expected "Possible stuck request" # so the kernel calls one that waits for its server
    trouble=$1
    mount_place=/mnt/$2
    mounted "$2"
    rm -f /run/stop /run/failed
    : > /run/failed
    : > /run/stalls
    trap 'touch /run/stop' EXIT
    writes_and_syncs "$mount_place" &
    writer=$!
    /run/java/bin/java -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -XX:-UsePerfData -Xmx64m -cp /run/kiobd.d/classes \
        org.kiobd.it.exerciser.FileExerciser "$mount_place/exercised" /run/stop "${SEED:-$(date +%s)}" > /run/exercised &
    exerciser=$!
    drops_caches &
    dropper=$!
    sleep 1
    "$trouble"
    touch /run/stop
    wait "$writer"
    wait "$exerciser" || because "$(tail -n 1 /run/exercised)"
    wait "$dropper"
    [ ! -s /run/failed ] || because "a write failed: $(head -n 1 /run/failed)"
    fact "$trouble" "longest $(longest /run/stalls) ms of $(wc -l < /run/stalls) writes, more than 1 s: $(awk '$1 > 1000' /run/stalls | sort -n | tr '\n' ' '); $(tail -n 1 /run/exercised)"
    umount "$mount_place"
    checks_file_system "$2"
    # From the device, not from memory.
    blockdev --flushbufs /dev/nbd0
    mount -o ro /dev/nbd0 "$mount_place"
    equal "sum of the file" "$(sed -n 's/^sum=//p' /run/exercised)" "$(sha256sum < "$mount_place/exercised" | cut -d' ' -f1)"
    umount "$mount_place"
}

# Attaches and mounts what an earlier case has not left so.
mounted() {
    [ -e /sys/block/nbd0/pid ] || kiobd attach "$(uri first)" /dev/nbd0
    grep -q "^/dev/nbd0 /mnt/$1 " /proc/mounts || mount /dev/nbd0 "/mnt/$1"
}

checks_file_system() {
    case $1 in
        ext4) e2fsck -fn /dev/nbd0 ;;
        xfs) xfs_repair -n /dev/nbd0 ;;
    esac
}

# Lets reads come from the device.
drops_caches() (
    { set +x; } 2> /dev/null
    echo 4 > /proc/sys/vm/drop_caches # without a line in the kernel's log
    until [ -e /run/stop ]; do
        echo 1 > /proc/sys/vm/drop_caches
        sleep 0.5
    done
)

goes_on() {
    before=$(wc -l < /run/stalls)
    wait_for 150 "writes go on after $1" more_than "$before"
}

server_is_killed() {
    for round in $(seq 1 "${CRASH_ROUNDS:-1}"); do
        sleep $((round * 7 % 3))
        host kill-server
        sleep $((round * 5 % 2))
        host start-server
        goes_on "kill $round"
    done
}

outlives_kills_on_ext4() {
    make_and_mount ext4 /dev/nbd0 /mnt/ext4
    outlives server_is_killed ext4
}

server_and_supervisor_are_killed() {
    old_supervisor=$(supervisor)
    kill -9 "$old_supervisor"
    host kill-server
    host start-server
    # Nobody gives the device a connection; reattach starts a supervisor.
    kiobd reattach
    goes_on "the kill of both"
    wait_for 150 "another supervisor runs" is_other "$old_supervisor"
    old_supervisor=$(supervisor)
    kill -9 "$old_supervisor"
    kiobd attach "$(uri first)" > /run/again
    wait_for 150 "another supervisor runs" is_other "$old_supervisor"
    host kill-server
    host start-server
    goes_on "a kill under the new supervisor"
}

is_other() { [ "$(supervisor)" != "$1" ] && [ -d "/proc/$(supervisor)" ]; }

outlives_its_supervisor() { outlives server_and_supervisor_are_killed ext4; }

# A server that lives is waited for, however long an answer takes.
server_is_slow() {
    lines=$(wc -l < /run/kiobd/attachd.log)
    host pause-server
    sleep "${SLOW_S:-12}"
    host continue-server
    goes_on "a pause"
    ! tail -n +"$((lines + 1))" /run/kiobd/attachd.log | grep "lost a connection" || because "the connection was given up"
}

outlives_a_slow_server() {
    outlives server_is_slow ext4
}

# Another volume at the same address is refused; the device waits until its own is back.
another_volume_is_served() {
    host stop-server
    host kiobd rename first away
    host kiobd create first --size 2G
    host start-server
    wait_for 150 "the other volume is refused" grep "serves kiobd:.*the device goes on waiting" /run/kiobd/attachd.log
    ! kiobd reattach /dev/nbd0 2> /run/why || because "the other volume was accepted"
    grep "serves kiobd:.*the device goes on waiting" /run/why
    equal "size, beside a larger volume" $((1 << 30)) "$(size_bytes /dev/nbd0)"
    host stop-server
    host kiobd rename first other
    host kiobd rename away first
    host start-server
    goes_on "the wrong volume"
}

outlives_another_volume() { outlives another_volume_is_served ext4; }

server_moves() {
    host stop-server
    host move-server "$second"
    host start-server
    goes_on "a move"
    host stop-server
    host move-server "$PORT"
    host start-server
    goes_on "a move back"
}

# The device knows two addresses; it has xfs meanwhile.
outlives_moves_on_xfs() {
    [ ! -e /sys/block/nbd0/pid ] || kiobd detach /dev/nbd0
    second=$(host free-port)
    kiobd attach "$(uri first)" "nbd://$HOST:$second/first" /dev/nbd0
    load_xfs
    make_and_mount xfs /dev/nbd0 /mnt/xfs
    outlives server_moves xfs
}

more_than() { [ "$(wc -l < /run/stalls)" -gt $(($1 + 1)) ]; }

grows_while_mounted() {
    make_and_mount ext4 /dev/nbd0 /mnt/ext4
    host resize first 2G
    wait_for 150 "the device has grown" has_grown
    resize2fs /dev/nbd0
    refused_because "it is mounted on /mnt/ext4" kiobd detach /dev/nbd0
    umount /mnt/ext4
    e2fsck -fn /dev/nbd0
}

has_grown() { [ "$(size_bytes /dev/nbd0)" = $((2 << 30)) ]; }

detaches() {
    kiobd attach "$(uri first)" --persist > /run/again
    kiobd detach first
    wait_until "nbd0 is free" is_free /dev/nbd0
    kiobd attach --saved first
    kiobd detach first --forget
    wait_until "nbd0 is free" is_free /dev/nbd0
    refused_because "is not attached" kiobd detach /dev/nbd0
    kiobd attach --list > /run/list
    grep "nothing is attached" /run/list
}

# The quick start of the README: server and device on one machine, which is killed and started again.
outlives_its_own_server() {
    kernel_errors_expected "Possible stuck request" # as above
    export KIOBD_HOME=/run/home
    mkdir -p /run/home
    kiobd up demo --size 256M --unix /run/demo.sock > /run/up.log 2>&1 &
    kiobd attach demo --wait 2m
    make_and_mount ext4 /dev/nbd0 /mnt/demo
    fill_tree /mnt/demo/tree 8
    sync
    kill -9 "$(server)"
    kiobd up demo --unix /run/demo.sock > /run/up.log 2>&1 &
    fill_tree /mnt/demo/more 4
    sync
    drop_caches
    check_tree /mnt/demo/tree
    check_tree /mnt/demo/more
    umount /mnt/demo
    e2fsck -fn /dev/nbd0
    kiobd detach demo
    kill "$(server)"
    kill "$(supervisor)"
}

server() { sed -n 's/.*"pid":\([0-9]*\).*/\1/p' /run/home/volumes/demo/server.json; }

run_case attach attaches 300
run_case server-killed outlives_kills_on_ext4 $((300 + 20 * ${CRASH_ROUNDS:-1}))
run_case supervisor-killed outlives_its_supervisor 300
run_case slow-server outlives_a_slow_server 300
run_case another-volume outlives_another_volume 300
run_case second-address-xfs outlives_moves_on_xfs 300
run_case grow grows_while_mounted 300
run_case detach detaches 300
run_case one-machine outlives_its_own_server 300
