package org.kiobd.volume.catalog;

/**
 * A volume that is not whole: it is being made, filled or deleted, or that was interrupted. Immutable.
 *
 * @param name of the volume or the snapshot
 * @param isUnderWay whether somebody is at it now
 * @param reason what was or is done, and what to do, for people
 */
public record Unfinished(String name, boolean isUnderWay, String reason) {

    /** A sentence for an error. */
    public String message() {
        return (VolumeNames.isSnapshot(name) ? "snapshot=" : "volume=") + name + " is unfinished: " + reason;
    }
}
