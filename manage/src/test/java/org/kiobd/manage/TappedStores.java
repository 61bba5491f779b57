package org.kiobd.manage;

import java.io.IOException;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Enumeration;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.kiobd.store.MemberStore;
import org.kiobd.store.MemberStoreProvider;
import org.kiobd.store.MemberUri;
import org.kiobd.store.OpenOptions;
import org.kiobd.store.file.FileMemberStoreProvider;
import org.kiobd.store.rocksdb.RocksMemberStoreProvider;
import org.kiobd.volume.BlockIoException;

/**
 * Calls a hook before and after each operation of a store on a whole member on the thread of the change, so that a test can see every moment of a change. The stores are
 * the real ones.
 */
final class TappedStores {
    private static final String SERVICES = "META-INF/services/" + MemberStoreProvider.class.getName();
    private static volatile Runnable hook = () -> {};
    private static volatile @Nullable Thread caller;

    private TappedStores() {}

    /** Work with members. */
    @FunctionalInterface
    interface Work {
        void run() throws IOException;
    }

    /**
     * Runs {@code work}, in which newly made managers use the tapped stores.
     *
     * @param folder folder for a file of this class
     */
    static void run(Path folder, Runnable onOperation, Work work) throws IOException {
        Path services = Files.writeString(
                folder.resolve("tapped-stores"), TappedFiles.class.getName() + "\n" + TappedDatabases.class.getName());
        Thread thread = Thread.currentThread();
        ClassLoader before = thread.getContextClassLoader();
        thread.setContextClassLoader(new LastWins(before, services.toUri().toURL()));
        hook = onOperation;
        caller = thread;
        try {
            work.run();
        } finally {
            caller = null;
            hook = () -> {};
            thread.setContextClassLoader(before);
        }
    }

    /** Adds a further list of providers after the others: of two for the same scheme, the last one is used. */
    private static final class LastWins extends ClassLoader {
        private final URL services;

        LastWins(ClassLoader parent, URL services) {
            super(parent);
            this.services = services;
        }

        @Override
        public Enumeration<URL> getResources(String name) throws IOException {
            List<URL> all = new ArrayList<>(Collections.list(super.getResources(name)));
            if (name.equals(SERVICES)) {
                all.add(services);
            }
            return Collections.enumeration(all);
        }
    }

    /** The tapped store of files. */
    public static final class TappedFiles extends Tapped {
        public TappedFiles() {
            super(new FileMemberStoreProvider());
        }
    }

    /** The tapped store of databases. */
    public static final class TappedDatabases extends Tapped {
        public TappedDatabases() {
            super(new RocksMemberStoreProvider());
        }
    }

    private abstract static class Tapped implements MemberStoreProvider {
        private final MemberStoreProvider real;

        Tapped(MemberStoreProvider real) {
            this.real = real;
        }

        /** An operation of a store. */
        @FunctionalInterface
        private interface Operation<T> {
            T run() throws BlockIoException;
        }

        private static <T> T tapped(Operation<T> operation) throws BlockIoException {
            callHook();
            T result = operation.run();
            callHook();
            return result;
        }

        /**
         * The members of a snapshot are made by several threads. What the hook sees there is torn: the other threads go on while it looks,
         * and after a kill they do not.
         */
        private static void callHook() {
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
    }
}
