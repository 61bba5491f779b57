package org.kiobd.raid;

import org.kiobd.volume.BlockIoException;

/**
 * One finding of a check. Immutable.
 *
 * @param severity how bad it is
 * @param member index of the member, or -1 for the volume as a whole
 * @param text one line for people: what is wrong and what to do
 */
public record Finding(Severity severity, int member, String text) {

    /** Returns the severity of a finding for {@code failure}, which occurred during a check. */
    public static Severity severityOf(BlockIoException failure) {
        return failure.error().isDamage() ? Severity.DAMAGE : Severity.UNKNOWN;
    }

    /** The severity of a finding. */
    public enum Severity {
        /** Information only: nothing is wrong. */
        NOTE,
        /** The volume works, but something is not as it should be. */
        WARNING,
        /** The check was not possible, now or with this account: nothing is known about the data. */
        UNKNOWN,
        /** Data is missing, or the volume cannot be opened. */
        DAMAGE
    }
}
