package org.kiobd.store.file;

/**
 * The tuned numbers of file members. Servers use {@link #DEFAULT}; tests and benchmarks give others to {@link FileMemberStoreProvider}.
 *
 * @param calls when the loop itself makes transfers, see {@link IoPathChooser}
 * @param waitedNanos a write on the loop that took longer has blocked
 * @param firstPenaltyNanos how long writes stay off the loop after the first one that blocked
 * @param longestPenaltyNanos limit of that time, which doubles each time
 */
public record FileTuning(Calls calls, long waitedNanos, long firstPenaltyNanos, long longestPenaltyNanos) {
    /** When the loop itself makes transfers. */
    public enum Calls {
        /** All transfers wait elsewhere: in the ring or on the file threads. */
        NEVER,
        /** READs of cached data, and WRITEs that the kernel is expected not to throttle. */
        WHILE_THEY_RETURN_AT_ONCE,
        /** Also WRITEs that may block the loop. */
        ALWAYS
    }

    /**
     * The numbers of docs/adr/0011-calls-on-the-loop.md. A copy into the page cache takes microseconds per page, so that 10 ms means that
     * the call waited for the disk; waits of a throttled writer are up to 200 ms, so that a loop that is throttled for long tries again
     * every 30 s only.
     */
    public static final FileTuning DEFAULT =
            new FileTuning(Calls.WHILE_THEY_RETURN_AT_ONCE, 10_000_000, 100_000_000, 30_000_000_000L);

    /** Returns these numbers with another policy for calls on the loop. */
    public FileTuning with(Calls newCalls) {
        return new FileTuning(newCalls, waitedNanos, firstPenaltyNanos, longestPenaltyNanos);
    }
}
