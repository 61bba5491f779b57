package org.kiobd.it.bench;

import java.util.Arrays;
import org.kiobd.store.MemberOp;

/** Addresses and lengths, as a vectored call takes them; filled again and again. One thread. */
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

    /** Entries in it. */
    int entries() {
        return used / 2;
    }

    /** Bytes they cover. */
    long bytes() {
        long bytes = 0;
        for (int i = 1; i < used; i += 2) {
            bytes += vector[i];
        }
        return bytes;
    }
}
