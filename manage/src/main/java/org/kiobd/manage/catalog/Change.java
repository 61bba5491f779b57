package org.kiobd.manage.catalog;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.kiobd.store.MemberUri;
import org.kiobd.volume.BlockIoException;
import org.kiobd.volume.IoError;

/**
 * A change of a volume that was begun: what it makes and what it replaces. The volume's folder contains a record of it from before it makes
 * anything until it is complete. docs/FORMAT.md describes the protocol. Immutable.
 *
 * @param operation kind of change
 * @param id random id; the superblock of every member that the change makes contains it
 * @param source where the content comes from, for users; null if there is none
 * @param start when and where the change began
 * @param brokenImport source of an import of the volume that was interrupted before this change began; null if there was none
 * @param makes places of the members that the change makes, in order; members that no manifest names are not committed
 * @param replaces members that nobody needs once the manifest no longer names them
 */
public record Change(
        Operation operation,
        UUID id,
        @Nullable String source,
        Start start,
        @Nullable String brokenImport,
        List<MemberUri> makes,
        List<Replaced> replaces) {

    public Change {
        makes = List.copyOf(makes);
        replaces = List.copyOf(replaces);
    }

    /** Kinds of changes. */
    public enum Operation {
        CREATE("creation", ""),
        SNAPSHOT("making", " from "),
        CLONE("making", " from "),
        COPY("making", " as a copy of "),
        ROLLBACK("rollback", " to "),
        IMPORT("import", " of ");

        private final String noun;
        private final String beforeSource;

        Operation(String noun, String beforeSource) {
            this.noun = noun;
            this.beforeSource = beforeSource;
        }

        /** Returns the operation's name in the record. */
        String word() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /**
     * When and where a change began.
     *
     * @param at time, to the second
     * @param home place of the home: seen from a copy of the home, members outside it do not belong to the change
     */
    public record Start(Instant at, HomePlace home) {}

    /**
     * A change that a caller wants to make.
     *
     * @param id random id; the members get it as {@code madeBy}
     * @param source where the new content comes from, for users; null if there is none
     * @param makes places of the members to make
     * @param replaces members that they replace
     */
    public record Plan(
            Operation operation, UUID id, @Nullable String source, List<MemberUri> makes, List<MemberUri> replaces) {}

    /**
     * Distinguishes a home from its copies.
     *
     * @param path path without symbolic links
     * @param inode inode number, which a copy at the same path does not have
     */
    public record HomePlace(Path path, long inode) {
        static HomePlace of(Path home) throws BlockIoException {
            try {
                Path real = home.toRealPath();
                return new HomePlace(real, (Long) Files.getAttribute(real, "unix:ino"));
            } catch (IOException e) {
                throw new BlockIoException(IoError.IO, home + " cannot be looked at: " + e.getMessage(), e);
            }
        }
    }

    /**
     * A member that is replaced.
     *
     * @param identity its identity when the change began; null if it could not be read
     */
    public record Replaced(MemberUri uri, @Nullable MemberIdentity identity) {}

    /** Returns a phrase for messages, e.g. {@code import of /srv/a.img}. */
    String describe() {
        return operation.noun + (source == null ? "" : operation.beforeSource + source);
    }
}
