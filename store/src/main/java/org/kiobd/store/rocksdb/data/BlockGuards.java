package org.kiobd.store.rocksdb.data;

import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import org.jspecify.annotations.Nullable;
import org.kiobd.store.MemberOp;

/**
 * Locks that keep concurrent writes to one block from losing data. A write to a part of a block reads, patches and writes the whole block,
 * and no other write to the block may happen in between: it holds the block's guard exclusively. Writes of whole blocks only exclude
 * partial writes, so they share the guard. One guard covers groups of neighboring blocks. Thread-safe.
 */
public final class BlockGuards {
    private static final int GUARDS = 64;
    private static final int GROUP_SHIFT = 5;

    private final ReentrantReadWriteLock[] guards = new ReentrantReadWriteLock[GUARDS];

    public BlockGuards() {
        for (int i = 0; i < GUARDS; i++) {
            guards[i] = new ReentrantReadWriteLock();
        }
    }

    /** The guards that one operation holds; must be closed on the thread that took them. */
    public final class Held implements AutoCloseable {
        private final long shared;
        private final long alone;

        private Held(long shared, long alone) {
            this.shared = shared;
            this.alone = alone;
        }

        @Override
        public void close() {
            for (int i = 0; i < GUARDS; i++) {
                if ((alone >>> i & 1) != 0) {
                    guards[i].writeLock().unlock();
                } else if ((shared >>> i & 1) != 0) {
                    guards[i].readLock().unlock();
                }
            }
        }
    }

    /** A set of guards to take together. */
    public static final class Wanted {
        private long shared;
        private long alone;

        /** Adds the guards of the blocks of {@code op}. A block that is written partially, at one of the ends, is taken alone. */
        public void add(MemberOp op, int blockBytes) {
            long start = op.offsetBytes();
            long end = start + op.lengthBytes();
            long firstBlock = start / blockBytes;
            long lastBlock = (end - 1) / blockBytes;
            boolean lastAlone = end % blockBytes != 0;
            boolean firstAlone = start % blockBytes != 0 || (firstBlock == lastBlock && lastAlone);
            long firstGroup = firstBlock >>> GROUP_SHIFT;
            long lastGroup = lastBlock >>> GROUP_SHIFT;
            for (long group = firstGroup; group <= lastGroup && shared != -1L; group++) {
                shared |= 1L << (group % GUARDS);
            }
            alone |= (firstAlone ? 1L << (firstGroup % GUARDS) : 0) | (lastAlone ? 1L << (lastGroup % GUARDS) : 0);
        }
    }

    /** Takes the guards in ascending order, so that two operations never deadlock. */
    public Held take(Wanted wanted) {
        for (int i = 0; i < GUARDS; i++) {
            boolean wantsAlone = (wanted.alone >>> i & 1) != 0;
            if (wantsAlone || (wanted.shared >>> i & 1) != 0) {
                Lock lock = wantsAlone ? guards[i].writeLock() : guards[i].readLock();
                lock.lock();
            }
        }
        return new Held(wanted.shared, wanted.alone);
    }

    /** Takes the guards if none of them is held by others such that it would have to wait; else returns null. */
    public @Nullable Held tryTake(Wanted wanted) {
        for (int i = 0; i < GUARDS; i++) {
            boolean wantsAlone = (wanted.alone >>> i & 1) != 0;
            if (wantsAlone || (wanted.shared >>> i & 1) != 0) {
                Lock lock = wantsAlone ? guards[i].writeLock() : guards[i].readLock();
                if (!lock.tryLock()) {
                    long taken = (1L << i) - 1;
                    new Held(wanted.shared & taken, wanted.alone & taken).close();
                    return null;
                }
            }
        }
        return new Held(wanted.shared, wanted.alone);
    }
}
