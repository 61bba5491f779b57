package org.kiobd.store.rocksdb;

import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.kiobd.store.StallWatch;
import org.kiobd.store.StoreFigures;
import org.rocksdb.AbstractEventListener;
import org.rocksdb.WriteStallCondition;
import org.rocksdb.WriteStallInfo;

/** Tells when and why a database slowed down or stopped writes. RocksDB calls it from threads of its own. Thread-safe. */
final class RocksStalls extends AbstractEventListener {
    /** Causes for users, by the names that RocksDB has for them. */
    private static final Map<String, String> CAUSES = Map.of(
            "memtable-limit", "memtables that are not flushed",
            "l0-file-count-limit", "files that are not compacted",
            "pending-compaction-bytes", "bytes that are not compacted");

    private static final String PREFIX = "io_stalls.";
    private static final String DELAYS = "-delays";
    private static final String STOPS = "-stops";

    private final StallWatch watch = new StallWatch();

    RocksStalls() {
        super(EnabledEventCallback.ON_STALL_CONDITIONS_CHANGED);
    }

    @Override
    public void onStallConditionsChanged(WriteStallInfo info) {
        boolean before = info.getPreviousCondition() != WriteStallCondition.NORMAL;
        boolean now = info.getCurrentCondition() != WriteStallCondition.NORMAL;
        if (now && !before) {
            watch.began();
        } else if (before && !now) {
            watch.ended();
        }
    }

    /**
     * Returns the figures of the database and of its member.
     *
     * @param told what RocksDB tells of a column family
     * @param member the waits for other parts of the member, which count as stops
     */
    StoreFigures.WriteStalls figures(Map<String, String> told, @Nullable StallWatch member) {
        Map<String, Long> causes = member == null ? new TreeMap<>() : member.causes();
        long waits = causes.values().stream().mapToLong(Long::longValue).sum();
        CAUSES.forEach((name, cause) -> {
            long times = whole(told, name + DELAYS) + whole(told, name + STOPS);
            if (times > 0) {
                causes.put(cause, times);
            }
        });
        return new StoreFigures.WriteStalls(
                whole(told, "total" + DELAYS),
                whole(told, "total" + STOPS) + waits,
                causes,
                later(watch.last(), member == null ? null : member.last()));
    }

    private static StoreFigures.@Nullable Stall later(
            StoreFigures.@Nullable Stall one, StoreFigures.@Nullable Stall other) {
        if (one == null || other == null) {
            return one == null ? other : one;
        }
        return one.beganMs() > other.beganMs() ? one : other;
    }

    private static long whole(Map<String, String> told, String name) {
        String text = told.get(PREFIX + name);
        return text == null ? 0 : (long) Double.parseDouble(text);
    }
}
