package org.kiobd.store;

import java.util.Map;
import java.util.ServiceLoader;
import java.util.TreeMap;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.kiobd.volume.BlockIoException;
import org.kiobd.volume.IoError;

/**
 * The store providers, by URI scheme. A process loads them once and closes them last, because members of one kind share memory only within
 * one of these, and {@code memory:} members exist only in the one that made them. Owns the providers. Any thread.
 */
public final class MemberStores implements AutoCloseable {
    private @Nullable Map<String, MemberStoreProvider> byScheme;
    private boolean closed;

    private MemberStores() {}

    /** Returns all providers on the class path, owned. They are loaded at the first use. */
    public static MemberStores load() {
        return new MemberStores();
    }

    /** Returns stores of these providers only, e.g. for a benchmark. Takes the providers. */
    public static MemberStores of(MemberStoreProvider... providers) {
        Map<String, MemberStoreProvider> given = new TreeMap<>();
        for (MemberStoreProvider provider : providers) {
            given.put(provider.scheme(), provider);
        }
        MemberStores stores = new MemberStores();
        synchronized (stores) {
            stores.byScheme = given;
        }
        return stores;
    }

    private synchronized Map<String, MemberStoreProvider> providers() {
        if (closed) {
            throw new IllegalStateException("the stores are closed");
        }
        Map<String, MemberStoreProvider> known = byScheme;
        if (known == null) {
            known = new TreeMap<>();
            for (MemberStoreProvider provider : ServiceLoader.load(MemberStoreProvider.class)) {
                known.put(provider.scheme(), provider);
            }
            byScheme = known;
        }
        return known;
    }

    /**
     * Sets how much memory the members of each scheme may use together; to be called before the first open.
     *
     * @param bytes 1 or more; a store without caches ignores it
     */
    public void memoryBytes(long bytes) {
        providers().values().forEach(provider -> provider.memoryBytes(bytes));
    }

    /**
     * Returns where a change creates a member: at its {@linkplain MemberUri#temporary temporary location}, or at its final location if the
     * store cannot rename.
     *
     * @param index index of the member in the change
     */
    public MemberUri aside(MemberUri uri, UUID changeId, int index) throws BlockIoException {
        return forUri(uri).canRename() ? uri.temporary(changeId, index) : uri;
    }

    /**
     * Returns the provider for {@code uri}.
     *
     * @throws BlockIoException if no provider has its scheme; the message lists the known schemes
     */
    public MemberStoreProvider forUri(MemberUri uri) throws BlockIoException {
        Map<String, MemberStoreProvider> known = providers();
        MemberStoreProvider provider = known.get(uri.scheme());
        if (provider == null) {
            throw new BlockIoException(
                    IoError.NOT_SUPPORTED,
                    "member=" + uri + ": no store for scheme=" + uri.scheme() + "; known schemes: "
                            + String.join(", ", known.keySet()));
        }
        return provider;
    }

    /**
     * Closes the providers, see {@link MemberStoreProvider#close}; none is returned afterwards. Close the devices over their members first.
     * A second call does nothing.
     */
    @Override
    public synchronized void close() {
        if (!closed && byScheme != null) {
            byScheme.values().forEach(MemberStoreProvider::close);
        }
        closed = true;
    }
}
