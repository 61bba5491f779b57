package org.kiobd.manage;

import java.util.Locale;

/** The state of a volume or a snapshot, as far as a list shows it. */
public enum VolumeState {
    /** It is complete, and nobody serves it. */
    IDLE,
    /** A process serves it. */
    SERVED,
    /** A change of it was interrupted. */
    UNFINISHED,
    /** Data is missing or damaged. */
    DAMAGED,
    /** It could not be looked at. */
    UNKNOWN;

    /** Returns the word for users and programs. */
    public String word() {
        return name().toLowerCase(Locale.ROOT);
    }
}
