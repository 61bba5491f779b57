package org.kiobd.manage.catalog;

import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.kiobd.store.MemberUri;

/**
 * A change of a volume that was begun: what it makes and what it replaces. It is recorded in the volume's folder before anything is made,
 * and the record goes when the change is complete. docs/FORMAT.md has the protocol. Immutable.
 *
 * @param operation what is done
 * @param id random; every member that the change makes carries it in its superblock
 * @param source what the content comes from, for people; null if from nothing
 * @param start when and where it began
 * @param makes the places of members that the change makes, in order; those that no manifest names do not count
 * @param brokenImport what an interrupted import had begun to write into the volume when this change began; null if there was none
 * @param replaces the members that nobody needs once the manifest does not name them any more
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

    /** What a change does. */
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

        /** Its name in the record. */
        String word() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /**
     * A beginning.
     *
     * @param at to the second
     * @param home where the home was: only there are members outside the home those of this change
     */
    public record Start(Instant at, HomePlace home) {}

    /**
     * What somebody wants to do.
     *
     * @param id random; the members get it as {@code madeBy}
     * @param source what the volume will hold, for people; null if nothing
     * @param makes where the members will be that are made
     * @param replaces the members whose place they take
     */
    public record Plan(
            Operation operation, UUID id, @Nullable String source, List<MemberUri> makes, List<MemberUri> replaces) {}

    /**
     * A home, told from its copies.
     *
     * @param path without symbolic links
     * @param inode its number, which a copy in the same place does not have
     */
    public record HomePlace(Path path, long inode) {}

    /**
     * A member that is replaced.
     *
     * @param identity who it was when the change began; null if it could not be read
     */
    public record Replaced(MemberUri uri, @Nullable MemberIdentity identity) {}

    /** What it is, for a sentence: {@code import of /srv/a.img}. */
    String describe() {
        return operation.noun + (source == null ? "" : operation.beforeSource + source);
    }
}
