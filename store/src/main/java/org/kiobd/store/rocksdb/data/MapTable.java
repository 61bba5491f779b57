package org.kiobd.store.rocksdb.data;

import java.io.IOException;
import java.util.SortedMap;
import org.jspecify.annotations.Nullable;

/**
 * The part of the map that is in the database: a value for each group of blocks, as of a change of the map that it names. The changes
 * after that one are in the {@link MapLog}. Thread-safe; calls block.
 */
public interface MapTable {
    /** Returns the value of a group, owned by the caller; null if none of its blocks is stored. */
    byte @Nullable [] get(long group) throws IOException;

    /** Calls {@code visitor} for each group in {@code [firstGroup, lastGroup]} that has a value, in ascending order, until it returns false. */
    void walk(long firstGroup, long lastGroup, Visitor visitor) throws IOException;

    /** Returns the sequence number of the last change that is in the table; 0 if there is none. */
    long sequence() throws IOException;

    /**
     * Replaces values, and then the sequence number; all of it is durable when the method returns. After a crash meanwhile, some of the values
     * may be replaced, and the sequence number only if all are.
     *
     * @param values the values by group; an empty one removes the group. Borrowed.
     */
    void put(SortedMap<Long, byte[]> values, long sequence) throws IOException;

    /** Receives a value. */
    @FunctionalInterface
    interface Visitor {
        /**
         * @param value borrowed
         * @return whether to go on
         */
        boolean group(long group, byte[] value) throws IOException;
    }
}
