package org.kiobd.store.rocksdb;

import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReentrantReadWriteLock;

/**
 * Keeps writes to one block from losing each other's bytes. A write of a part of a block reads, patches and writes the whole, and no other
 * write to that block may come in between: it holds the block's guard alone. Writes of whole blocks need only keep those out, and share
 * it. A guard is for a group of neighbouring blocks. Any thread.
 */
final class BlockGuards {
    private static final int GUARDS = 64;
    private static final int GROUP_SHIFT = 5;

    private final ReentrantReadWriteLock[] guards = new ReentrantReadWriteLock[GUARDS];

    BlockGuards() {
        for (int i = 0; i < GUARDS; i++) {
            guards[i] = new ReentrantReadWriteLock();
        }
    }

    /** What one operation holds, on the thread that took it. */
    final class Held implements AutoCloseable {
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

    /** Guards to take together. */
    static final class Wanted {
        private long shared;
        private long alone;

        /**
         * Those of {@code [firstBlock, lastBlock]}, too.
         *
         * @param firstAlone whether the first block is written in part
         * @param lastAlone whether the last is
         */
        void add(long firstBlock, long lastBlock, boolean firstAlone, boolean lastAlone) {
            long firstGroup = firstBlock >>> GROUP_SHIFT;
            long lastGroup = lastBlock >>> GROUP_SHIFT;
            for (long group = firstGroup; group <= lastGroup && shared != -1L; group++) {
                shared |= 1L << (group % GUARDS);
            }
            alone |= (firstAlone ? 1L << (firstGroup % GUARDS) : 0) | (lastAlone ? 1L << (lastGroup % GUARDS) : 0);
        }
    }

    Held take(Wanted wanted) {
        return take(wanted.shared, wanted.alone);
    }

    /** Keeps every write out. */
    Held takeAll() {
        return take(0, -1L);
    }

    /** In ascending order, so that two never wait for each other. */
    private Held take(long shared, long alone) {
        for (int i = 0; i < GUARDS; i++) {
            boolean wantsAlone = (alone >>> i & 1) != 0;
            if (wantsAlone || (shared >>> i & 1) != 0) {
                Lock lock = wantsAlone ? guards[i].writeLock() : guards[i].readLock();
                lock.lock();
            }
        }
        return new Held(shared, alone);
    }
}
