package org.kiobd.store;

import java.util.Map;
import java.util.ServiceLoader;
import java.util.TreeMap;
import java.util.UUID;
import org.kiobd.volume.BlockIoException;
import org.kiobd.volume.IoError;

/**
 * The store providers, by URI scheme. Owns what their members share, e.g. threads; opened with the server or the command that uses them,
 * and closed after all of their members. Any thread.
 */
public final class MemberStores implements AutoCloseable {
    private final Map<String, MemberStoreProvider> byScheme = new TreeMap<>();

    private MemberStores() {}

    /** Loads all providers on the class path. */
    public static MemberStores load() {
        MemberStores stores = new MemberStores();
        for (MemberStoreProvider provider : ServiceLoader.load(MemberStoreProvider.class)) {
            stores.byScheme.put(provider.scheme(), provider);
        }
        return stores;
    }

    /** Returns stores of these providers only, e.g. for a benchmark. Takes the providers. */
    public static MemberStores of(MemberStoreProvider... providers) {
        MemberStores stores = new MemberStores();
        for (MemberStoreProvider provider : providers) {
            stores.byScheme.put(provider.scheme(), provider);
        }
        return stores;
    }

    /** Sets how much memory the members of each scheme may use together; to be called before the first open. */
    public void memoryBytes(long bytes) {
        byScheme.values().forEach(provider -> provider.memoryBytes(bytes));
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
        MemberStoreProvider provider = byScheme.get(uri.scheme());
        if (provider == null) {
            throw new BlockIoException(
                    IoError.NOT_SUPPORTED,
                    "member=" + uri + ": no store for scheme=" + uri.scheme() + "; known schemes: "
                            + String.join(", ", byScheme.keySet()));
        }
        return provider;
    }

    /** Closes the providers. The caller has closed every member. */
    @Override
    public void close() {
        byScheme.values().forEach(MemberStoreProvider::close);
    }
}
