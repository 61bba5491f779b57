package org.kiobd.cli;

import java.util.List;
import java.util.Locale;
import org.kiobd.manage.figures.MemberFigures;
import org.kiobd.manage.figures.VolumeFigures;
import org.kiobd.raid.Volume;
import org.kiobd.store.CacheMode;
import org.kiobd.store.MemberStore;
import org.kiobd.store.StoreFigures;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Describes a server's cache mode to users, so that nobody mistakes a mode that may lose data for one that does not. Immutable. */
record CacheLabel(CacheMode mode) {
    private static final Logger LOG = LoggerFactory.getLogger(CacheLabel.class);
    private static final String UNSAFE = "unsafe: FLUSH and FUA do nothing";

    /** Logs a warning if the mode is unsafe, and one if some members ignore the mode. Called once for each volume, before it is served. */
    void warn(Volume device) {
        String volume = device.info().name();
        if (mode == CacheMode.UNSAFE) {
            LOG.warn(
                    "volume={} cache=unsafe: FLUSH and FUA are answered without a sync; what clients take for durable is lost"
                            + " if this machine crashes or loses power; only an orderly end syncs",
                    volume);
        }
        List<String> others = device.members().stream()
                .filter(member -> mode != member.cacheMode())
                .map(MemberStore::uri)
                .map(uri -> uri.scheme() + ":")
                .distinct()
                .toList();
        if (!others.isEmpty()) {
            LOG.warn("volume={} cache={} has no effect on its {} members", volume, mode, String.join(" and ", others));
        }
    }

    /** Returns the note after the address in the ready line; empty unless the mode is unsafe. */
    String behindReady() {
        return mode == CacheMode.UNSAFE ? " (cache " + UNSAFE + ")" : "";
    }

    /** Returns the note at the end of the line that names the engine; empty for writeback. */
    String inLine() {
        return switch (mode) {
            case WRITEBACK -> "";
            case NONE -> "; cache none";
            case UNSAFE -> "; cache " + UNSAFE;
        };
    }

    /**
     * Returns the cache mode of a server as {@code kiobd info} shows it. A server that names none is older than the modes and works like
     * writeback.
     */
    static String of(VolumeFigures figures) {
        String named = figures.totals().cache();
        String mode = named.isEmpty() ? CacheMode.WRITEBACK.toString() : named;
        if (mode.equals(CacheMode.UNSAFE.toString())) {
            return UNSAFE + "; a crash of the machine loses what was acknowledged";
        }
        return mode.equals(CacheMode.NONE.toString()) ? none(figures.members()) : mode;
    }

    private static String none(List<MemberFigures> members) {
        long bounced = 0;
        long patched = 0;
        for (MemberFigures member : members) {
            if (member.store() instanceof StoreFigures.Direct direct) {
                bounced += direct.bouncedOps();
                patched += direct.patchedBlocks();
            }
        }
        return String.format(
                Locale.ROOT,
                "none: %d unaligned member operations were copied, %d blocks were read before a partial write",
                bounced,
                patched);
    }
}
