package org.kiobd.it.bench;

import java.util.Arrays;
import org.kiobd.store.MemberOp;

/** A reusable list of addresses and lengths, as a vectored system call takes them. Used by one thread. */
final class GatherList {
    private long[] vector = new long[16];
    private int used;

    void begin() {
        used = 0;
    }

    void add(MemberOp op) {
        for (int i = 0; i < op.entries(); i++) {
            if (used + 2 > vector.length) {
                vector = Arrays.copyOf(vector, vector.length * 2);
            }
            vector[used++] = op.memory(i).memoryAddress() + op.memoryOffsetBytes(i);
            vector[used++] = op.entryLengthBytes(i);
        }
    }

    /** Returns the number of entries. */
    int entries() {
        return used / 2;
    }

    /** Returns the number of bytes that the entries cover. */
    long bytes() {
        long bytes = 0;
        for (int i = 1; i < used; i += 2) {
            bytes += vector[i];
        }
        return bytes;
    }
}
