package org.kiobd.nbd;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/** The exports of a server, by name; they come and go while it runs. Any thread. */
public final class ExportRegistry {
    private final Map<String, Export> byName = new TreeMap<>();

    /**
     * Serves {@code export} from now on.
     *
     * @throws IllegalArgumentException if the name is taken
     */
    public synchronized void add(Export export) {
        if (byName.putIfAbsent(export.name(), export) != null) {
            throw new IllegalArgumentException("an export of that name is served already: " + export);
        }
        export.open();
    }

    /**
     * Stops serving an export. Its connections finish what they accepted and are closed; others are unharmed.
     *
     * @return completes when the last connection has ended: from then on nobody uses the device; at once if there is no such export
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

    /** The export of that name; a lone export is also the default one, "". */
    public synchronized @Nullable Export find(String name) {
        Export export = byName.get(name);
        if (export == null && name.isEmpty() && byName.size() == 1) {
            return byName.values().iterator().next();
        }
        return export;
    }

    /** All exports, by name. */
    public synchronized List<Export> all() {
        return List.copyOf(byName.values());
    }
}
