package org.kiobd.manage.catalog;

import java.nio.file.Path;
import java.util.UUID;
import java.util.regex.Pattern;
import org.kiobd.volume.BlockIoException;
import org.kiobd.volume.IoError;

/** The rules for the names of volumes, and the folders that belong to the names. A snapshot is named {@code VOLUME@NAME}. Stateless. */
public final class VolumeNames {
    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,126}");

    /** Longest name that fits in a superblock. */
    private static final int MAX_LENGTH = 127;

    private static final char SNAPSHOT = '@';

    /** Name of a temporary snapshot, which is made to be read once; users cannot choose such a name. */
    private static final Pattern TEMPORARY = Pattern.compile("\\.reading-[0-9a-f-]{36}");

    private VolumeNames() {}

    /** Returns a new, unique name for a temporary snapshot of {@code volume}, which is made to be read once and then removed. */
    public static String temporary(String volume) {
        return snapshot(volume, ".reading-" + UUID.randomUUID());
    }

    /** Returns whether {@code name} is the name of a temporary snapshot, or the part of it after the {@code @}. */
    public static boolean isTemporary(String name) {
        return TEMPORARY.matcher(name.substring(name.indexOf(SNAPSHOT) + 1)).matches();
    }

    /** Returns whether {@code name} is valid as the name of a volume, or as the part of a snapshot's name after the {@code @}. */
    public static boolean isName(String name) {
        return NAME.matcher(name).matches();
    }

    /** Returns whether {@code name}, which must be valid, is the name of a snapshot. */
    public static boolean isSnapshot(String name) {
        return name.indexOf(SNAPSHOT) >= 0;
    }

    /** Returns {@code volume=NAME} or {@code snapshot=NAME}, for messages. */
    static String label(String name) {
        return (isSnapshot(name) ? "snapshot=" : "volume=") + name;
    }

    /** Returns the name of the volume: {@code name} itself, or the volume of a snapshot. */
    public static String volumeOf(String name) {
        return isSnapshot(name) ? name.substring(0, name.indexOf(SNAPSHOT)) : name;
    }

    /** Returns the name of a snapshot. */
    static String snapshot(String volume, String name) {
        return volume + SNAPSHOT + name;
    }

    /**
     * Returns the folder of a volume or a snapshot, whether it exists or not.
     *
     * @param volumes parent folder of the volumes' folders
     * @throws BlockIoException if {@code name} is not a valid name
     */
    static Path folder(Path volumes, String name) throws BlockIoException {
        if (isSnapshot(name)) {
            String snapshot = name.substring(name.indexOf(SNAPSHOT) + 1);
            // The members of a temporary snapshot contain the volume's name, so the snapshot's own name may be too long
            // for a superblock.
            boolean fits = isName(snapshot) && name.length() <= MAX_LENGTH;
            if (isName(volumeOf(name)) && (fits || isTemporary(snapshot))) {
                return snapshots(volumes, volumeOf(name)).resolve(snapshot);
            }
            throw new BlockIoException(
                    IoError.INVALID,
                    "snapshot=" + name
                            + " is not a snapshot name: VOLUME@NAME, each of A-Z a-z 0-9 . _ - with a letter or"
                            + " digit first, together 127 at most");
        }
        if (!isName(name)) {
            throw new BlockIoException(
                    IoError.INVALID,
                    "volume=" + name
                            + " is not a volume name: 1 to 127 of A-Z a-z 0-9 . _ -, the first a letter or digit");
        }
        return volumes.resolve(name);
    }

    /** Returns the parent folder of a volume's snapshots. */
    static Path snapshots(Path volumes, String volume) {
        return volumes.resolve(volume).resolve("snapshots");
    }
}
