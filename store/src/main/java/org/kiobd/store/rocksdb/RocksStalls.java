package org.kiobd.store.rocksdb;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
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

    /** The property of a column family that has the counts. */
    static final String PROPERTY = "rocksdb.cf-write-stall-stats";

    private static final String DELAYS = "-delays";
    private static final String STOPS = "-stops";

    private final StallWatch watch = new StallWatch();
    private final Set<String> stalled = ConcurrentHashMap.newKeySet();

    RocksStalls() {
        super(EnabledEventCallback.ON_STALL_CONDITIONS_CHANGED);
    }

    @Override
    public void onStallConditionsChanged(WriteStallInfo info) {
        boolean now = info.getCurrentCondition() != WriteStallCondition.NORMAL;
        // RocksDB does not tell the condition of a family at its opening, and may tell two changes in the wrong order.
        if (now && stalled.add(info.getColumnFamilyName())) {
            watch.began();
        } else if (!now && stalled.remove(info.getColumnFamilyName())) {
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
            long times = Math.max(0, whole(told, name + DELAYS)) + Math.max(0, whole(told, name + STOPS));
            if (times > 0) {
                causes.put(cause, times);
            }
        });
        long stops = whole(told, "total" + STOPS);
        return new StoreFigures.WriteStalls(
                whole(told, "total" + DELAYS),
                stops < 0 ? stops : stops + waits,
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

    /** Returns the names that {@link #PROPERTY} must have. */
    static List<String> names() {
        List<String> names = new ArrayList<>(List.of("total" + DELAYS, "total" + STOPS));
        CAUSES.keySet().forEach(name -> names.addAll(List.of(name + DELAYS, name + STOPS)));
        return names;
    }

    /** Returns -1 if RocksDB does not tell. */
    private static long whole(Map<String, String> told, String name) {
        String text = told.get(name);
        return text == null ? -1 : (long) Double.parseDouble(text);
    }
}
