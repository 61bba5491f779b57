package org.kiobd.store.file;

import com.sun.jna.Native;
import com.sun.jna.Pointer;
import io.netty.buffer.ByteBuf;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.kiobd.volume.kiobuf.Payload;

/**
 * An array of struct iovec in native memory, filled from a member operation: the gather list for the kernel. It grows as needed and never
 * shrinks. Used by one thread at a time; the kernel may read it until the call or ring operation has ended.
 */
final class Iovecs {
    /** Most entries per call: IOV_MAX of Linux. */
    static final int MAX_ENTRIES = 1024;

    private static final int IOVEC_BYTES = 16;
    private static final int FIRST_ENTRIES = 16;

    private ByteBuffer memory;
    private long address;
    private int entries;
    private long bytes;

    Iovecs() {
        memory = allocate(FIRST_ENTRIES);
        address = addressOf(memory);
    }

    private static ByteBuffer allocate(int entries) {
        return ByteBuffer.allocateDirect(entries * IOVEC_BYTES).order(ByteOrder.nativeOrder());
    }

    private static long addressOf(ByteBuffer direct) {
        return Pointer.nativeValue(Native.getDirectBufferPointer(direct));
    }

    /** Fills the array with the memory of {@code payload} after its first {@code skipBytes}, up to {@link #MAX_ENTRIES} entries. */
    void fill(Payload payload, long skipBytes) {
        entries = 0;
        bytes = 0;
        long startBytes = 0;
        for (int i = 0; i < payload.pieces() && entries < MAX_ENTRIES; i++) {
            long endBytes = startBytes + payload.lengthBytes(i);
            long skippedBytes = Math.max(0, skipBytes - startBytes);
            if (endBytes > skipBytes) {
                add(
                        addressOf(payload.memory(i), payload.memoryOffsetBytes(i)) + skippedBytes,
                        payload.lengthBytes(i) - skippedBytes,
                        payload.pieces());
            }
            startBytes = endBytes;
        }
    }

    private void add(long entryAddress, long entryBytes, int expectedEntries) {
        if ((entries + 1) * IOVEC_BYTES > memory.capacity()) {
            ByteBuffer grown = allocate(Math.min(MAX_ENTRIES, Math.max(entries * 2, expectedEntries)));
            grown.put(0, memory, 0, entries * IOVEC_BYTES);
            memory = grown;
            address = addressOf(grown);
        }
        memory.putLong(entries * IOVEC_BYTES, entryAddress);
        memory.putLong(entries * IOVEC_BYTES + Long.BYTES, entryBytes);
        entries++;
        bytes += entryBytes;
    }

    private static long addressOf(ByteBuf direct, int index) {
        if (direct.hasMemoryAddress()) {
            return direct.memoryAddress() + index;
        }
        if (!direct.isDirect()) {
            throw new IllegalArgumentException("memory of a request must be direct: " + direct);
        }
        return addressOf(direct.nioBuffer(index, direct.capacity() - index).slice());
    }

    int entries() {
        return entries;
    }

    /** Returns the bytes in all entries. */
    long bytes() {
        return bytes;
    }

    /** Returns the address of the array. */
    long address() {
        return address;
    }

    /** Returns the memory address of the first entry. */
    long firstAddress() {
        return memory.getLong(0);
    }
}
