package org.kiobd.volume.kiobuf;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import org.kiobd.volume.loop.IoLoop;

/**
 * Recycles the kiobufs of one loop, so that a busy server allocates none. A kiobuf returns to the pool when its last reference is dropped;
 * nobody may touch it afterwards. Owned by the component that creates the requests; confined to the loop.
 */
public final class KiobufPool {
    /** Maximum number of free kiobufs; the garbage collector takes the rest. */
    private static final int MAX_KEPT = 4096;

    private final IoLoop loop;
    private @Nullable Kiobuf[] free = new Kiobuf[16];
    private int kept;

    public KiobufPool(IoLoop loop) {
        this.loop = loop;
    }

    /** Returns a kiobuf with the state that {@link Kiobuf#Kiobuf} gives it. Returns owned. */
    public Kiobuf take(Op op, long offsetBytes, long lengthBytes) {
        if (kept > 0) {
            Kiobuf again = free[--kept];
            free[kept] = null;
            if (again != null) {
                again.begin(op, offsetBytes, lengthBytes);
                return again;
            }
        }
        return new Kiobuf(loop, op, offsetBytes, lengthBytes, this);
    }

    /** Takes back a kiobuf that nobody refers to any more. */
    void giveBack(Kiobuf used) {
        if (kept == free.length && kept < MAX_KEPT) {
            free = Arrays.copyOf(free, 2 * kept);
        }
        if (kept < free.length) {
            free[kept++] = used;
        }
    }
}
