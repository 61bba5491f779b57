package org.kiobd.store;

import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Locale;
import java.util.UUID;
import org.kiobd.volume.BlockIoException;
import org.kiobd.volume.IoError;

/**
 * The location of a member: {@code SCHEME:LOCATION}, e.g. {@code file:/srv/a.img} or {@code memory:}. The scheme selects the store. A
 * value without a scheme is the path of a file. Immutable.
 *
 * @param scheme letters, digits and {@code +-.}, in lower case
 * @param location interpreted by the store; a path for file stores; may be empty
 */
public record MemberUri(String scheme, String location) {

    /**
     * Parses {@code SCHEME:LOCATION}, or a path without a scheme.
     *
     * @throws IllegalArgumentException if {@code text} is empty
     */
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
     * Parses a member URI from the command line or a file; resolves a relative path against {@code folder}.
     *
     * @throws BlockIoException if {@code text} is no valid location, or if this process cannot express the path (see {@link PathCharset});
     *     the message is one line with the reason
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

    /** Returns the location of a file member; makes {@code path} absolute. */
    public static MemberUri file(Path path) {
        return new MemberUri("file", path.toAbsolutePath().normalize().toString());
    }

    /** Returns whether the location is the path of a file or of a folder. */
    public boolean isPath() {
        return (scheme.equals("file") || scheme.equals("rocksdb")) && !location.isEmpty();
    }

    /** Returns this URI with an absolute path, if the location is a path; otherwise this URI. */
    public MemberUri absolute() {
        return resolve(Path.of(""));
    }

    /** Returns this URI with its path resolved against {@code folder}, if the location is a path; otherwise this URI. */
    public MemberUri resolve(Path folder) {
        return isPath()
                ? new MemberUri(
                        scheme,
                        folder.resolve(location).toAbsolutePath().normalize().toString())
                : this;
    }

    /**
     * Returns a location in the same folder, where a change of a volume creates this member before it renames it to this location.
     *
     * @param changeId random id of the change, so that nobody else uses the temporary location
     * @param index index of the member in the change
     */
    public MemberUri temporary(UUID changeId, int index) {
        String name = ".kiobd-" + changeId + "-" + index;
        String place = withoutOptions().location;
        String how = location.substring(place.length());
        return new MemberUri(scheme, place.substring(0, place.lastIndexOf('/') + 1) + name + how);
    }

    /** Returns this URI without the options for creating the member, e.g. {@code ?compression=zstd}. */
    public MemberUri withoutOptions() {
        int options = scheme.equals("rocksdb") ? location.indexOf('?') : -1;
        return options < 0 ? this : new MemberUri(scheme, location.substring(0, options));
    }

    @Override
    public String toString() {
        return scheme + ":" + location;
    }
}
