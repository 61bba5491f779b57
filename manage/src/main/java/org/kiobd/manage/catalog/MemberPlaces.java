package org.kiobd.manage.catalog;

import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import org.kiobd.store.MemberUri;

/**
 * Encodes the places of members in the files of the catalog: relative to the file's folder if the member is inside the home. So a home can
 * be moved or copied as a whole, and the copy refers to its own members. Stateless.
 */
final class MemberPlaces {
    private MemberPlaces() {}

    /** Returns the text for {@code uri} in a file in {@code folder}. */
    static String encode(MemberUri uri, Path folder, Path home) {
        return isInside(uri, home) ? uri.scheme() + ":" + folder.relativize(Path.of(uri.location())) : uri.toString();
    }

    /** Returns the member that {@code text} names in a file in {@code folder}. */
    static MemberUri decode(String text, Path folder) {
        return MemberUri.parse(text).resolve(folder);
    }

    /** Returns whether the member is a file or a folder somewhere below {@code folder}. */
    static boolean isInside(MemberUri uri, Path folder) {
        if (!uri.isPath()) {
            return false;
        }
        try {
            Path path = Path.of(uri.location());
            return path.isAbsolute()
                    && path.normalize().startsWith(folder)
                    && !path.normalize().equals(folder);
        } catch (InvalidPathException e) {
            return false;
        }
    }
}
