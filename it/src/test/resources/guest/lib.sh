# What the guest's scripts share: the line protocol to the host, and the ways to attach and to check.
# A line that starts with "@@ " is for the host (see GuestReport); everything else is transcript.

say() { printf '\n@@ %s\n' "$*"; }

# Waits until the host has every byte: what the serial line still holds is lost when the power goes.
drain() { stty raw -echo <&3; }

# fact KEY VALUE...: a figure for the host's log.
fact() { say FACT "$@"; }

# host COMMAND [ARGUMENT...]: asks the host to do something and prints its answer; fails when the host could not.
host() {
    { set +x; } 2> /dev/null
    say HOST "$@" >&3
    IFS= read -r host_answer <&3
    set -x
    case $host_answer in
        ok*) printf '%s\n' "${host_answer#ok }" ;;
        *) because "host $*: $host_answer" ;;
    esac
}

# because REASON...: ends the case as failed.
because() {
    { set +x; } 2> /dev/null
    printf '%s\n' "$*" > /run/reason
    exit 1
}

# The helpers below run in a subshell, "( )" for "{ }", where they would fill the transcript with their own trace.
# `because` then ends the subshell, whose failure ends the case (set -e).

# equal WHAT EXPECTED ACTUAL
equal() ( { set +x; } 2> /dev/null; [ "$2" = "$3" ] || because "$1: expected $2, found $3" )

# below WHAT LIMIT ACTUAL
below() ( { set +x; } 2> /dev/null; [ "$3" -lt "$2" ] || because "$1: expected less than $2, found $3" )

# above WHAT LIMIT ACTUAL
above() ( { set +x; } 2> /dev/null; [ "$3" -gt "$2" ] || because "$1: expected more than $2, found $3" )

# used_below WHAT VOLUME LIMIT: what the volume's members take comes to less; a store may take some seconds to give space back.
used_below() {
    used_tries=60
    while [ "$(host used "$2")" -ge "$3" ] && [ "$used_tries" -gt 0 ]; do
        used_tries=$((used_tries - 1))
        sleep 1
    done
    below "$1" "$3" "$(host used "$2")"
}

# refused COMMAND...: the command has to fail.
refused() { if "$@"; then because "should have failed: $*"; fi; }

uptime_ms() { awk '{ printf "%d", $1 * 1000 }' /proc/uptime; }

# Words in the kernel's log that no case may cause unless it says so (kernel_errors_expected).
KERNEL_ERRORS='I/O error|BUG:|WARNING:|Oops|Call Trace|blocked for more than|[Dd]ouble reply|[Uu]nexpected reply|Wrong magic|Possible stuck request|Connection timed out|EXT4-fs error|XFS .*orrupt'
# kernel_errors_expected [PATTERN]: only what matches is expected; without PATTERN, everything.
kernel_errors_expected() { echo "${1:-.}" > /run/kernel-errors-expected; }

# sized N: N, divided by $SIZE_DIVISOR where the host sets one. How much a case writes, not how large the volume is.
sized() { echo $(($1 / ${SIZE_DIVISOR:-1})); }

# run_case NAME FUNCTION [LIMIT_SECONDS]: one result for the host, unless $CASES names cases and not this one. The function runs in a shell of its own with -eux;
# what it leaves mounted or attached stays, so cases can build on each other.
run_case() {
    case " ${CASES:-$1} " in *" $1 "*) ;; *) return ;; esac
    rm -f /run/reason /run/kernel-errors-expected
    dmesg -c > /dev/null
    say STEP "$1"
    case_start_ms=$(uptime_ms)
    watch_case "$1" "${3:-150}" &
    watcher=$!
    (
        set -eux
        "$2"
    )
    case_status=$?
    kill "$watcher" 2> /dev/null
    wait "$watcher" 2> /dev/null
    case_ms=$(($(uptime_ms) - case_start_ms))
    expected_errors=$(cat /run/kernel-errors-expected 2> /dev/null || echo '^$')
    if dmesg | grep -E "$KERNEL_ERRORS" | grep -vE "$expected_errors" > /run/kernel-errors; then
        [ "$case_status" -ne 0 ] || printf 'kernel: %s\n' "$(head -n 1 /run/kernel-errors)" > /run/reason
        case_status=1
    fi
    if [ "$case_status" -eq 0 ]; then
        say OK "$1" "$case_ms"
    else
        dmesg | tail -n 20
        say FAIL "$1" "$case_ms" "$(cat /run/reason 2> /dev/null || echo "exit status $case_status")"
        clean_up
    fi
}

# After a failure: nothing mounted, nothing attached, so that a later case fails for its own reasons only.
clean_up() {
    for mounted in $(awk '$2 ~ "^/mnt/" || $2 == "/mnt" && $1 ~ "^/dev/" { print $2 }' /proc/mounts | sort -r); do
        umount "$mounted" || umount -l "$mounted"
    done
    for block in /sys/block/nbd*; do
        [ ! -e "$block/pid" ] || nbd-client -d "/dev/${block##*/}"
    done
}

# A case that hangs cannot be ended from inside (its programs may sleep in the kernel): tell the host who hangs, stop.
watch_case() {
    trap 'kill "$sleeper" 2> /dev/null; exit 0' TERM
    sleep "$2" &
    sleeper=$!
    wait "$sleeper"
    dmesg -c > /dev/null
    echo w > /proc/sysrq-trigger
    dmesg | tail -n 60
    ps -o pid,stat,args
    say FAIL "$1" "$(($2 * 1000))" "still running after $2 s"
    say END
    drain
    poweroff -f
}

# attach NAME [CONNECTIONS [DEVICE [OPTION...]]]: the volume NAME of the server at $PORT becomes DEVICE.
attach() (
    { set +x; } 2> /dev/null
    name=$1 connections=${2:-1} device=${3:-/dev/nbd0}
    shift $(($# < 3 ? $# : 3))
    set -x
    attach_once "$@"
    [ "$connections" = 1 ] || for again in 1 2 3 4 5 6 7 8; do
        is_rescued "$device" || break
        [ "$again" != 8 ] || because "eight times, the kernel was too slow to receive on $connections connections"
        detach "$device"
        attach_once "$@"
    done
)

attach_once() {
    nbd-client "$HOST" "$PORT" -N "$name" -C "$connections" "$@" "$device"
    wait_until "$device has a size" has_size "$device"
}

# The driver receives in works of a queue that has a rescuer, one for each connection, which do not return while it lives. If a busy
# machine takes longer than 10 ms to make workers for them, the kernel wakes the rescuer, and that takes all that wait: it receives for
# one connection and never for the rest, whose requests time out after 30 s, whatever the server does. The next time there are workers. An
# idle rescuer is in state I; its name is nbd0-recv, or kworker/R-nbd0-recv (6.12).
is_rescued() {
    sleep 0.3
    grep -qs "(\(kworker/R-\)*${1#/dev/}-[^)]*) [^I]" /proc/[0-9]*/stat
}

has_size() { [ "$(cat "/sys/block/${1#/dev/}/size")" -gt 0 ]; }

# attached NAME [CONNECTIONS]: attaches /dev/nbd0 unless an earlier case left it attached.
attached() { [ -e /sys/block/nbd0/pid ] || attach "$@"; }

# detach [DEVICE]
detach() {
    nbd-client -d "${1:-/dev/nbd0}"
    wait_until "${1:-nbd0} is free" is_free "${1:-/dev/nbd0}"
}

is_free() { [ ! -e "/sys/block/${1#/dev/}/pid" ]; }

# wait_until WHAT COMMAND...: polls for at most ten seconds.
wait_until() { wait_for 10 "$@"; }

# wait_for SECONDS WHAT COMMAND...: polls for at most so long.
wait_for() (
    { set +x; } 2> /dev/null
    seconds=$1
    what=$2
    shift 2
    tries=0
    until "$@"; do
        tries=$((tries + 1))
        [ "$tries" -lt $((seconds * 20)) ] || because "never came true in $seconds s: $what"
        sleep 0.05
    done
)

load_xfs() {
    ! grep -qw xfs /proc/filesystems || return 0
    while read -r module; do
        insmod "/run/guest/modules/$module.ko"
    done < /run/guest/modules/order
}

size_bytes() { blockdev --getsize64 "${1:-/dev/nbd0}"; }

queue() { cat "/sys/block/${2:-nbd0}/queue/$1"; }

# make_and_mount TYPE DEVICE DIRECTORY
make_and_mount() {
    case $1 in
        ext4) mkfs.ext4 -qF "$2" ;;
        # shellcheck disable=SC2086  # several options are several words
        xfs) mkfs.xfs -qf ${MKFS_XFS_OPTIONS:-} "$2" ;;
    esac
    mkdir -p "$3"
    mount -t "$1" "$2" "$3"
}

# Checks a file system that is mounted and in use: frozen, its journal is empty and its tables are on the disk.
check_mounted_ext4() {
    fsfreeze -f "$2"
    e2fsck -fn "$1" || online_check_failed=1
    fsfreeze -u "$2"
    [ -z "${online_check_failed:-}" ] || because "e2fsck found damage on the mounted file system"
}

drop_caches() {
    sync
    echo 3 > /proc/sys/vm/drop_caches
}

# fill_tree DIRECTORY [LARGE_MIB]: files of many sizes and a large one (sized), with their checksums beside them.
fill_tree() (
    { set +x; } 2> /dev/null
    mkdir -p "$1/small"
    for index in $(seq 1 20); do
        yes "file $index of $1" | head -c $((index * index * 397)) > "$1/small/$index"
    done
    fill_random "$1/large" "$(sized "${2:-16}")"
    cd "$1"
    find . -type f ! -name sums | sort | xargs md5sum > sums
)

# fill_random FILE MIB: bytes that do not compress or repeat, so that no wrong place can look right.
fill_random() { dd if=/dev/urandom of="$1" bs=1M count="$2" status=none; }

# check_tree DIRECTORY
check_tree() (
    { set +x; } 2> /dev/null
    cd "$1"
    md5sum -c sums > /run/sums.out 2>&1 || because "checksums differ: $(grep -v ': OK$' /run/sums.out | head -n 3)"
)
