package org.kiobd.volume.kiobuf;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import org.kiobd.volume.loop.IoLoop;

/**
 * The kiobufs of one loop, used again and again: a busy server makes none. One goes back by itself when its last reference is dropped,
 * and whoever had it must not touch it any more, as ever. Owned by who makes requests, confined to the loop.
 */
public final class KiobufPool {
    /** More than are in flight at a time are left to the collector. */
    private static final int MAX_KEPT = 4096;

    private final IoLoop loop;
    private @Nullable Kiobuf[] free = new Kiobuf[16];
    private int kept;

    public KiobufPool(IoLoop loop) {
        this.loop = loop;
    }

    /** As {@link Kiobuf#Kiobuf}. Returns owned. */
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

    /** Nobody refers to {@code used} any more. */
    void giveBack(Kiobuf used) {
        if (kept == free.length && kept < MAX_KEPT) {
            free = Arrays.copyOf(free, 2 * kept);
        }
        if (kept < free.length) {
            free[kept++] = used;
        }
    }
}
