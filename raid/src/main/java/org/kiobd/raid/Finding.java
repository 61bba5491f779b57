package org.kiobd.raid;

import org.kiobd.volume.BlockIoException;

/**
 * One thing a check found.
 *
 * @param severity how bad it is
 * @param member index of the member, or -1 for the volume as a whole
 * @param text one line for people: what is wrong and what to do
 */
public record Finding(Severity severity, int member, String text) {

    /** What {@code failure}, met when something was looked at, says of it. */
    public static Severity severityOf(BlockIoException failure) {
        return failure.error().isDamage() ? Severity.DAMAGE : Severity.UNKNOWN;
    }

    /** How bad a finding is. */
    public enum Severity {
        /** Worth knowing, nothing is wrong. */
        NOTE,
        /** Works, but not as it should. */
        WARNING,
        /** Somebody could not look, now or with this account: nothing is known. */
        UNKNOWN,
        /** Data is missing or the volume cannot be opened. */
        DAMAGE
    }
}
