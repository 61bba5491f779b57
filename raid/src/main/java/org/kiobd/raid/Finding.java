package org.kiobd.raid;

/**
 * One thing a check found.
 *
 * @param severity how bad it is
 * @param member index of the member, or -1 for the volume as a whole
 * @param text one line for people: what is wrong and what to do
 */
public record Finding(Severity severity, int member, String text) {

    /** How bad a finding is. */
    public enum Severity {
        /** Worth knowing, nothing is wrong. */
        NOTE,
        /** Works, but not as it should. */
        WARNING,
        /** Data is missing or the volume cannot be opened. */
        DAMAGE
    }
}
