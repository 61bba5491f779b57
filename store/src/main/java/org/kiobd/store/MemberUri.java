package org.kiobd.store;

import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Locale;
import java.util.UUID;
import org.kiobd.volume.BlockIoException;
import org.kiobd.volume.IoError;

/**
 * Where a member lives: {@code SCHEME:LOCATION}, for one {@code file:/srv/a.img} or {@code memory:}. The scheme picks the store. A
 * value without a scheme is a file, as everywhere on Linux. Immutable.
 *
 * @param scheme lower case, letters, digits and {@code +-.}
 * @param location what the store makes of it; a path for file stores; may be empty
 */
public record MemberUri(String scheme, String location) {

    /** @throws IllegalArgumentException if {@code text} is empty */
    public static MemberUri parse(String text) {
        if (text.isEmpty()) {
            throw new IllegalArgumentException("member is empty: expected file:PATH, memory: or a path");
        }
        int colon = text.indexOf(':');
        if (colon > 1 && text.substring(0, colon).matches("[A-Za-z][A-Za-z0-9+.-]*")) {
            return new MemberUri(text.substring(0, colon).toLowerCase(Locale.ROOT), text.substring(colon + 1));
        }
        return new MemberUri("file", text);
    }

    /**
     * The member that somebody or something has written down as {@code text}, seen from {@code folder}.
     *
     * @throws BlockIoException if it cannot be a member's place, or not in this process: one line that says why
     */
    public static MemberUri read(String text, Path folder) throws BlockIoException {
        try {
            MemberUri uri = parse(text);
            String flaw = PathCharset.flaw(uri.location());
            if (flaw != null) {
                boolean isWrong = uri.location().indexOf('\0') >= 0;
                throw new BlockIoException(
                        isWrong ? IoError.INVALID : IoError.NOT_SUPPORTED, "member=" + text + " " + flaw);
            }
            return uri.resolve(folder);
        } catch (InvalidPathException e) {
            throw new BlockIoException(IoError.INVALID, "member=" + text + " is no path: " + e.getReason(), e);
        } catch (IllegalArgumentException e) {
            throw new BlockIoException(IoError.INVALID, String.valueOf(e.getMessage()), e);
        }
    }

    public static MemberUri file(Path path) {
        return new MemberUri("file", path.toAbsolutePath().normalize().toString());
    }

    /** Whether the location is a path: of a file, or of a folder. */
    public boolean isPath() {
        return (scheme.equals("file") || scheme.equals("rocksdb")) && !location.isEmpty();
    }

    /** The same from whatever folder it is read: a path, which some schemes have, is made absolute. */
    public MemberUri absolute() {
        return resolve(Path.of(""));
    }

    /** The same, seen from {@code folder} if it is a relative path. */
    public MemberUri resolve(Path folder) {
        return isPath()
                ? new MemberUri(
                        scheme,
                        folder.resolve(location).toAbsolutePath().normalize().toString())
                : this;
    }

    /**
     * A place beside this one where a change of a volume prepares this member before it gets its own name.
     *
     * @param changeId random, so nothing of anybody else is there
     * @param index which member of the change it is
     */
    public MemberUri temporary(UUID changeId, int index) {
        String name = ".kiobd-" + changeId + "-" + index;
        String place = withoutOptions().location;
        String how = location.substring(place.length());
        return new MemberUri(scheme, place.substring(0, place.lastIndexOf('/') + 1) + name + how);
    }

    /** The same without what it says of how to make the member, e.g. {@code ?compression=zstd}. */
    public MemberUri withoutOptions() {
        int options = scheme.equals("rocksdb") ? location.indexOf('?') : -1;
        return options < 0 ? this : new MemberUri(scheme, location.substring(0, options));
    }

    @Override
    public String toString() {
        return scheme + ":" + location;
    }
}
