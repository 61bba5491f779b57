# Cases that must be reported as failed: a harness that cannot fail proves nothing.

fails_with_a_reason() { equal "one" 1 2; }
fails_in_a_command() {
    false
    true
}
fails_at_the_host() { host no-such-command; }
fails_in_the_kernel_log() { echo "I/O error, made up" > /dev/kmsg; }
hangs() { sleep 1000; }
comes_too_late() { true; }

run_case reason fails_with_a_reason
run_case command fails_in_a_command
run_case host fails_at_the_host
run_case kernel-log fails_in_the_kernel_log
run_case hang hangs 1
run_case after-hang comes_too_late
