package org.kiobd.store;

import java.util.Map;
import java.util.ServiceLoader;
import java.util.TreeMap;
import java.util.UUID;
import org.kiobd.volume.BlockIoException;
import org.kiobd.volume.IoError;

/** The stores this process knows, by URI scheme. Immutable, any thread. */
public final class MemberStores {
    private final Map<String, MemberStoreProvider> byScheme = new TreeMap<>();

    private MemberStores() {}

    /** Every provider on the class path. */
    public static MemberStores load() {
        MemberStores stores = new MemberStores();
        for (MemberStoreProvider provider : ServiceLoader.load(MemberStoreProvider.class)) {
            stores.byScheme.put(provider.scheme(), provider);
        }
        return stores;
    }

    /** How much memory the members of each scheme together may take; said before the first is opened. */
    public void memoryBytes(long bytes) {
        byScheme.values().forEach(provider -> provider.memoryBytes(bytes));
    }

    /**
     * Where a change prepares a member: its {@linkplain MemberUri#temporary temporary place}, or its own if the store cannot rename.
     *
     * @param index which member of the change it is
     */
    public MemberUri aside(MemberUri uri, UUID changeId, int index) throws BlockIoException {
        return forUri(uri).canRename() ? uri.temporary(changeId, index) : uri;
    }

    /**
     * The provider for {@code uri}.
     *
     * @throws BlockIoException if none answers to its scheme; the message lists those that are known
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
}
