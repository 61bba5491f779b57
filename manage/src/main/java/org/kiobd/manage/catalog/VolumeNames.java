package org.kiobd.manage.catalog;

import java.nio.file.Path;
import java.util.UUID;
import java.util.regex.Pattern;
import org.kiobd.volume.BlockIoException;
import org.kiobd.volume.IoError;

/** How volumes may be called, and in which folder that puts them. A snapshot is called {@code VOLUME@NAME}. Stateless. */
public final class VolumeNames {
    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,126}");

    /** A superblock has room for no longer one. */
    private static final int MAX_LENGTH = 127;

    private static final char SNAPSHOT = '@';

    /** A snapshot that is made to be read once; no person can give this name. */
    private static final Pattern TEMPORARY = Pattern.compile("\\.reading-[0-9a-f-]{36}");

    private VolumeNames() {}

    /** The name of a snapshot of {@code volume} that is made to be read once and then removed; each time another. */
    public static String temporary(String volume) {
        return snapshot(volume, ".reading-" + UUID.randomUUID());
    }

    /** Whether {@code name}, of a snapshot or the part of it after the {@code @}, is that of a temporary one. */
    public static boolean isTemporary(String name) {
        return TEMPORARY.matcher(name.substring(name.indexOf(SNAPSHOT) + 1)).matches();
    }

    /** Whether {@code name} may name a volume that is no snapshot, or be the part of a snapshot's name behind the {@code @}. */
    public static boolean isName(String name) {
        return NAME.matcher(name).matches();
    }

    /** Whether {@code name}, which a volume has, is that of a snapshot. */
    public static boolean isSnapshot(String name) {
        return name.indexOf(SNAPSHOT) >= 0;
    }

    /** The volume that {@code name} is, or is a snapshot of. */
    public static String volumeOf(String name) {
        return isSnapshot(name) ? name.substring(0, name.indexOf(SNAPSHOT)) : name;
    }

    /** The name of a snapshot. */
    static String snapshot(String volume, String name) {
        return volume + SNAPSHOT + name;
    }

    /**
     * The folder of a volume or a snapshot, whether it exists or not.
     *
     * @param volumes where the folders of volumes are
     * @throws BlockIoException if {@code name} is no name
     */
    static Path folder(Path volumes, String name) throws BlockIoException {
        if (isSnapshot(name)) {
            String snapshot = name.substring(name.indexOf(SNAPSHOT) + 1);
            // The members of a temporary one say their volume's name, so its own may be longer than a superblock has
            // room for.
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

    /** Where the folders of a volume's snapshots are. */
    static Path snapshots(Path volumes, String volume) {
        return volumes.resolve(volume).resolve("snapshots");
    }
}
