package org.kiobd.manage.catalog;

import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.kiobd.store.PathCharset;
import org.kiobd.volume.BlockIoException;
import org.kiobd.volume.IoError;

/** Determines where volumes are kept by default. Stateless. */
public final class DefaultHome {
    private static final String HOW = "; nothing was touched; name a folder with --home DIR or KIOBD_HOME";

    private DefaultHome() {}

    /**
     * Returns {@code $KIOBD_HOME}; else {@code /var/lib/kiobd} for root; else {@code kiobd} in the XDG data folder, which is
     * {@code .local/share} in {@code $HOME} by default. Relative values of {@code $XDG_DATA_HOME} and {@code $HOME} are ignored, as the XDG
     * specification demands.
     *
     * @param isRoot whether the account is root's
     * @param userHome home folder of the account, according to the system; used only without an absolute {@code $HOME}
     * @throws BlockIoException if there is none of these, or one is not valid text
     */
    public static Path of(Map<String, String> environment, boolean isRoot, @Nullable String userHome)
            throws BlockIoException {
        String named = environment.get("KIOBD_HOME");
        if (named != null && !named.isEmpty()) {
            return path("KIOBD_HOME", named);
        }
        if (isRoot) {
            return Path.of("/var/lib/kiobd");
        }
        Path data = absolute("XDG_DATA_HOME", environment.get("XDG_DATA_HOME"));
        if (data != null) {
            return data.resolve("kiobd");
        }
        Path home = absolute("HOME", environment.get("HOME"));
        if (home == null) {
            home = absolute("the account's home", userHome);
        }
        if (home == null) {
            throw new BlockIoException(
                    IoError.INVALID,
                    "there is no place for volumes: this account has no home folder, and HOME is not set to one" + HOW);
        }
        return home.resolve(".local/share/kiobd");
    }

    private static @Nullable Path absolute(String what, @Nullable String value) throws BlockIoException {
        return value != null && value.startsWith("/") ? path(what, value) : null;
    }

    private static Path path(String what, String value) throws BlockIoException {
        if (PathCharset.isMangled(value)) {
            throw new BlockIoException(IoError.NOT_SUPPORTED, what + "=" + value + " is not text in UTF-8" + HOW);
        }
        try {
            return Path.of(value);
        } catch (InvalidPathException e) {
            throw new BlockIoException(IoError.INVALID, what + "=" + value + " is no path" + HOW, e);
        }
    }
}
