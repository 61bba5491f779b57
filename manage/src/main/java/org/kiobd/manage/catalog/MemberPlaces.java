package org.kiobd.manage.catalog;

import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import org.kiobd.store.MemberUri;

/**
 * How files of the catalog write where a member is: relative to their own folder if it is inside the home, so that a home can be moved or
 * copied as a whole and the copy means its own members. Stateless.
 */
final class MemberPlaces {
    private MemberPlaces() {}

    /** The text for {@code uri} in a file of {@code folder}. */
    static String encode(MemberUri uri, Path folder, Path home) {
        return isInside(uri, home) ? uri.scheme() + ":" + folder.relativize(Path.of(uri.location())) : uri.toString();
    }

    /** The member that {@code text} means in a file of {@code folder}. */
    static MemberUri decode(String text, Path folder) {
        return MemberUri.parse(text).resolve(folder);
    }

    /** Whether the member is a file or a folder somewhere below {@code folder}. */
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
