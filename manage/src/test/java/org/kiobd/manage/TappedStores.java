package org.kiobd.manage;

import org.kiobd.store.MemberStore;
import org.kiobd.store.MemberStoreProvider;
import org.kiobd.store.MemberStores;
import org.kiobd.store.MemberUri;
import org.kiobd.store.OpenOptions;
import org.kiobd.store.file.FileMemberStoreProvider;
import org.kiobd.store.rocksdb.RocksMemberStoreProvider;
import org.kiobd.volume.BlockIoException;

/**
 * Stores that call a hook before and after each operation on a whole member, if it runs on the thread of the change, so that a test can see
 * every moment of a change. The stores beneath are the real ones.
 */
final class TappedStores {
    private TappedStores() {}

    /** Returns the tapped stores of files and databases, owned. The calling thread is that of the change. */
    static MemberStores of(Runnable hook) {
        return MemberStores.of(
                new Tapped(new FileMemberStoreProvider(), hook), new Tapped(new RocksMemberStoreProvider(), hook));
    }

    private static final class Tapped implements MemberStoreProvider {
        private final MemberStoreProvider real;
        private final Runnable hook;
        private final Thread caller = Thread.currentThread();

        Tapped(MemberStoreProvider real, Runnable hook) {
            this.real = real;
            this.hook = hook;
        }

        /** An operation of a store. */
        @FunctionalInterface
        private interface Operation<T> {
            T run() throws BlockIoException;
        }

        private <T> T tapped(Operation<T> operation) throws BlockIoException {
            callHook();
            T result = operation.run();
            callHook();
            return result;
        }

        /**
         * The members of a snapshot are made by several threads. What the hook sees there is torn: the other threads go on while it looks,
         * and after a kill they do not.
         */
        private void callHook() {
            if (Thread.currentThread().equals(caller)) {
                hook.run();
            }
        }

        @Override
        public String scheme() {
            return real.scheme();
        }

        @Override
        public MemberStore create(MemberUri uri, long sizeBytes) throws BlockIoException {
            return tapped(() -> real.create(uri, sizeBytes));
        }

        @Override
        public MemberStore open(MemberUri uri, boolean readOnly) throws BlockIoException {
            return readOnly ? real.open(uri, true) : tapped(() -> real.open(uri, false));
        }

        @Override
        public MemberStore open(MemberUri uri, OpenOptions options) throws BlockIoException {
            return options.readOnly() ? real.open(uri, options) : tapped(() -> real.open(uri, options));
        }

        @Override
        public MemberStore openRaw(MemberUri uri, boolean readOnly) throws BlockIoException {
            return real.openRaw(uri, readOnly);
        }

        @Override
        public MemberStore openRaw(MemberUri uri, OpenOptions options) throws BlockIoException {
            return real.openRaw(uri, options);
        }

        @Override
        public boolean exists(MemberUri uri) {
            return real.exists(uri);
        }

        @Override
        public boolean isTaken(MemberUri uri) {
            return real.isTaken(uri);
        }

        @Override
        public void requireUnused(MemberUri uri) throws BlockIoException {
            real.requireUnused(uri);
        }

        @Override
        public boolean canRename() {
            return real.canRename();
        }

        @Override
        public void rename(MemberUri from, MemberUri to) throws BlockIoException {
            tapped(() -> {
                real.rename(from, to);
                return to;
            });
        }

        @Override
        public boolean isHalfDeleted(MemberUri uri) {
            return real.isHalfDeleted(uri);
        }

        @Override
        public long allocatedBytes(MemberUri uri) throws BlockIoException {
            return real.allocatedBytes(uri);
        }

        @Override
        public long exclusiveBytes(MemberUri uri) throws BlockIoException {
            return real.exclusiveBytes(uri);
        }

        @Override
        public void delete(MemberUri uri) throws BlockIoException {
            tapped(() -> {
                real.delete(uri);
                return uri;
            });
        }

        @Override
        public boolean outlivesProcess() {
            return real.outlivesProcess();
        }

        @Override
        public void memoryBytes(long bytes) {
            real.memoryBytes(bytes);
        }

        @Override
        public void close() {
            real.close();
        }
    }
}
