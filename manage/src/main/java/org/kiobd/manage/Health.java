package org.kiobd.manage;

import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.kiobd.manage.catalog.ServerState;
import org.kiobd.manage.catalog.Unfinished;
import org.kiobd.volume.BlockIoException;

/**
 * The state of a volume, as far as a list shows it.
 *
 * @param state the state itself
 * @param reason reason why the volume is unfinished, damaged or unknown; null otherwise
 * @param line state for users
 */
public record Health(VolumeState state, @Nullable String reason, String line) {

    /** Returns the health of a volume that is complete, as far as only its server is looked at. */
    public static Health ofServer(@Nullable ServerState server) {
        return server == null
                ? new Health(VolumeState.IDLE, null, VolumeState.IDLE.word())
                : new Health(VolumeState.SERVED, null, "served by pid " + server.pid());
    }

    static Health of(String name, @Nullable ServerState server, MemberSpace space) {
        if (server != null) {
            return ofServer(server);
        }
        if (space.missing() != null) {
            return damaged(name, "member=" + space.missing() + " is missing");
        }
        return space.unseen() != null ? of(name, space.unseen()) : ofServer(null);
    }

    /** Returns the health of a volume that could not be checked, or that proved to be damaged. */
    static Health of(String name, BlockIoException failure) {
        String reason = failure.getMessage();
        return failure.error().isDamage()
                ? damaged(name, reason)
                : new Health(VolumeState.UNKNOWN, reason, "unknown: cannot look: " + printable(reason));
    }

    /** Returns the health of an unfinished volume. */
    static Health of(Unfinished unfinished) {
        return new Health(VolumeState.UNFINISHED, unfinished.reason(), "unfinished: " + printable(unfinished.reason()));
    }

    private static Health damaged(String name, String reason) {
        return new Health(VolumeState.DAMAGED, reason, "damaged; see kiobd check " + name + ": " + printable(reason));
    }

    /** Replaces control characters: text from a manifest must not move the cursor. */
    private static String printable(String text) {
        return text.replaceAll("\\p{Cntrl}", "?");
    }

    /** Adds the state to the JSON of a volume. */
    public Map<String, Object> addTo(Map<String, Object> entry) {
        entry.put("state", state.word());
        if (reason != null) {
            entry.put("reason", reason);
        }
        return entry;
    }
}
