package org.kiobd.manage;

import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.kiobd.manage.catalog.ServerState;
import org.kiobd.manage.catalog.Unfinished;
import org.kiobd.volume.BlockIoException;

/**
 * How a volume is, as far as a list tells it.
 *
 * @param state for programs: idle, unfinished, damaged, unknown, or who serves it
 * @param reason why it is none of the others; null otherwise
 * @param line for people
 */
public record Health(String state, @Nullable String reason, String line) {

    static Health of(String name, @Nullable ServerState server, MemberSpace space) {
        if (server != null) {
            String served = "served by pid " + server.pid();
            return new Health(served, null, served);
        }
        if (space.missing() != null) {
            return damaged(name, "member=" + space.missing() + " is missing");
        }
        return space.unseen() != null ? of(name, space.unseen()) : new Health("idle", null, "idle");
    }

    /** Of one that could not be looked at, or only found to be damaged. */
    static Health of(String name, BlockIoException failure) {
        String reason = failure.getMessage();
        return failure.error().isDamage()
                ? damaged(name, reason)
                : new Health("unknown", reason, "unknown: cannot look: " + printable(reason));
    }

    /** Of one that is not whole. */
    static Health of(Unfinished unfinished) {
        return new Health("unfinished", unfinished.reason(), "unfinished: " + printable(unfinished.reason()));
    }

    private static Health damaged(String name, String reason) {
        return new Health("damaged", reason, "damaged; see kiobd check " + name + ": " + printable(reason));
    }

    /** What somebody wrote into a manifest must not move the cursor. */
    private static String printable(String text) {
        return text.replaceAll("\\p{Cntrl}", "?");
    }

    /** Adds it to what programs are told of the volume. */
    public Map<String, Object> addTo(Map<String, Object> entry) {
        entry.put("state", state);
        if (reason != null) {
            entry.put("reason", reason);
        }
        return entry;
    }
}
