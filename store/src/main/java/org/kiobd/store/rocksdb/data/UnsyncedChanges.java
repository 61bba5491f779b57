package org.kiobd.store.rocksdb.data;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The changes that have stored blocks since the last {@link #take}, if their blocks are few. Guarded by its {@link MapLog}. */
final class UnsyncedChanges {
    private final int most;
    private List<LogRecord.Change> changes = new ArrayList<>();
    private long count;

    /** @param most number of blocks up to which they are few */
    UnsyncedChanges(int most) {
        this.most = most;
    }

    void add(LogRecord.Change change) {
        if (change.isClear() || count > most) {
            return;
        }
        count += change.count();
        if (count <= most) {
            changes.add(change);
        } else {
            changes.clear();
        }
    }

    /** Returns the changes and begins again; null if they have too many blocks. */
    @Nullable
    List<LogRecord.Change> take() {
        List<LogRecord.Change> taken = count > most ? null : changes;
        changes = new ArrayList<>();
        count = 0;
        return taken;
    }
}
