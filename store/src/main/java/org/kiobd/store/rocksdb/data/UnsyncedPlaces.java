package org.kiobd.store.rocksdb.data;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The places that were written since the last sync, if they are few. Thread-safe. */
final class UnsyncedPlaces {
    private final int most;
    private List<FreePlaces.Run> runs = new ArrayList<>();
    private int count;
    private volatile boolean areMany;

    /** @param most number of places up to which they are few */
    UnsyncedPlaces(int most) {
        this.most = most;
    }

    /** Adds places, after they were written. */
    void add(FreePlaces.Run run) {
        if (areMany) {
            return;
        }
        synchronized (this) {
            count += run.count();
            if (count > most) {
                areMany = true;
                runs.clear();
            } else {
                runs.add(run);
            }
        }
    }

    /** Returns the places and begins again; null if they are too many. */
    synchronized @Nullable List<FreePlaces.Run> take() {
        List<FreePlaces.Run> taken = areMany ? null : runs;
        runs = new ArrayList<>();
        count = 0;
        areMany = false;
        return taken;
    }
}
