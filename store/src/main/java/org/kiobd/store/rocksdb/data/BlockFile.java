package org.kiobd.store.rocksdb.data;

import java.io.IOException;
import java.nio.ByteBuffer;

/** An open file of a member. Buffers are direct and borrowed; calls move their position. Thread-safe; calls block unless they say otherwise. */
interface BlockFile extends AutoCloseable {
    /** Reads at least one byte; returns the number of bytes, or -1 at the end of the file. */
    int read(ByteBuffer into, long atBytes) throws IOException;

    /** Fills {@code into} if all of it is in the page cache, without waiting for the disk; returns false if it is not. */
    boolean readCached(ByteBuffer into, long atBytes);

    /** Writes at least one byte; returns the number of bytes. */
    int write(ByteBuffer from, long atBytes) throws IOException;

    /** Makes what was written durable. */
    void sync() throws IOException;

    @Override
    void close();
}
