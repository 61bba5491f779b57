package org.kiobd.nbd;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/** The exports of a server, by name. Exports can be added and removed while the server runs. Any thread. */
public final class ExportRegistry {
    private final Map<String, Export> byName = new TreeMap<>();

    /**
     * Adds {@code export}, which is served from now on.
     *
     * @throws IllegalArgumentException if the name is in use
     */
    public synchronized void add(Export export) {
        if (byName.putIfAbsent(export.name(), export) != null) {
            throw new IllegalArgumentException("an export of that name is served already: " + export);
        }
        export.open();
    }

    /**
     * Removes an export. Its connections finish the requests that they have accepted, and are closed; other connections are not affected.
     *
     * @return a stage that completes when the last connection has ended, after which nobody uses the device; completed at once if there is
     *     no such export
     */
    public CompletionStage<@Nullable Void> remove(String name) {
        Export export;
        synchronized (this) {
            export = byName.remove(name);
        }
        return export == null
                ? CompletableFuture.completedFuture(null)
                : export.close("the export is no longer served");
    }

    /** Returns the export of that name, or null. If there is only one export, it is also the default export, "". */
    public synchronized @Nullable Export find(String name) {
        Export export = byName.get(name);
        if (export == null && name.isEmpty() && byName.size() == 1) {
            return byName.values().iterator().next();
        }
        return export;
    }

    /** Returns all exports, sorted by name. */
    public synchronized List<Export> all() {
        return List.copyOf(byName.values());
    }
}
