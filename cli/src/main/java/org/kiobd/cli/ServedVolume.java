package org.kiobd.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.kiobd.manage.Snapshots;
import org.kiobd.manage.catalog.ServerState;
import org.kiobd.manage.catalog.VolumeCatalog;
import org.kiobd.manage.catalog.VolumeLock;
import org.kiobd.manage.control.ControlServer;
import org.kiobd.manage.control.VolumeControl;
import org.kiobd.manage.figures.VolumeFigures;
import org.kiobd.manage.figures.VolumeTotals;
import org.kiobd.nbd.Export;
import org.kiobd.nbd.Listener;
import org.kiobd.raid.Volume;
import org.kiobd.store.CacheMode;
import org.kiobd.store.MemberStores;
import org.kiobd.store.file.SystemErrors;
import org.kiobd.volume.BlockIoException;
import org.kiobd.volume.IoError;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A volume or a raw image that is being served: holds its lock, its open device and its export, and answers control requests (info, resize, snapshot). A raw image
 * has no lock and gets no questions. Owned by the {@link Server}; control threads.
 */
final class ServedVolume implements VolumeControl, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(ServedVolume.class);

    private final Volume device;
    private final Export export;
    private final CacheMode cache;
    private final ServedFigures figures;
    private final MemberStores stores;
    private final @Nullable VolumeCatalog catalog;
    private final @Nullable VolumeLock lock;
    private boolean closed;

    /** Takes {@code device} and {@code lock}; borrows the rest. */
    ServedVolume(
            Volume device,
            Export export,
            ServedFigures.ServerParts server,
            MemberStores stores,
            @Nullable VolumeCatalog catalog,
            @Nullable VolumeLock lock) {
        this.device = device;
        this.export = export;
        this.cache = server.cache();
        this.figures = new ServedFigures(device, export, server);
        this.stores = stores;
        this.catalog = catalog;
        this.lock = lock;
    }

    Export export() {
        return export;
    }

    /** Returns one line on what a failed close means for the data. */
    String notSaved(Throwable why) {
        String name = export.name();
        String lost = cache == CacheMode.UNSAFE
                ? "with --cache unsafe nothing was synced before, so everything written since the server started may be lost"
                : "what was written after the last successful FLUSH may be lost, what was written before it is safe";
        String then = catalog == null
                ? "compare it with a copy"
                : "its next server will find that it was not closed; kiobd check " + name + " looks at it now";
        return "volume=" + name + ": its last sync failed, exit code " + ExitCode.FAILED + ": " + why.getMessage()
                + "; " + lost + "; " + then;
    }

    boolean isReadOnly() {
        return device.info().readOnly();
    }

    /** Logs a warning if the cache mode is unsafe, or if some members ignore it. */
    void warn() {
        new CacheLabel(cache).warn(device);
    }

    /**
     * Returns the path of the server's control socket if this volume is the first that can have one; null for a raw image, and if the lock
     * is not exclusive.
     */
    @Nullable
    Path controlPlace() throws BlockIoException {
        return catalog == null || lock == null || !lock.isExclusive()
                ? null
                : catalog.folder(export.name()).resolve("control.sock");
    }

    /** Registers the volume with {@code control}, and announces the server and its addresses to other processes. */
    void announce(ControlServer control, List<Listener> listeners) throws BlockIoException {
        // Without an exclusive lock, nothing may be written to the volume's folder, not even an announcement.
        if (lock == null || !lock.isExclusive()) {
            return;
        }
        try {
            control.add(export.name(), this);
            List<String> uris = listeners.stream()
                    .map(listener -> listener.uri(export.name()).toString())
                    .toList();
            lock.announce(new ServerState(ProcessHandle.current().pid(), control.path(), uris));
        } catch (IOException e) {
            BlockIoException failure =
                    SystemErrors.failure("volume=" + export.name() + ": cannot say that it is served", e);
            if (!isReadOnly()) {
                throw failure;
            }
            LOG.warn("{}; it is served, and kiobd info has no live figures of it", failure.getMessage());
        }
    }

    /** Returns the totals of the volume, also after it is closed. */
    VolumeTotals totals() {
        return figures.totals();
    }

    // The methods of VolumeControl are synchronized with close, because e.g. a snapshot in progress needs the members.

    @Override
    public synchronized VolumeFigures figures() throws BlockIoException {
        requireOpen();
        return figures.all();
    }

    @Override
    public synchronized long grow(long newSizeBytes) throws BlockIoException {
        requireOpen();
        device.grow(newSizeBytes);
        saveManifest();
        return device.sizeBytes();
    }

    @Override
    public synchronized long snapshot(String name) throws BlockIoException {
        requireOpen();
        if (catalog == null) {
            throw new BlockIoException(
                    IoError.NOT_SUPPORTED, export + " is a raw image, which has no snapshots; nothing was made");
        }
        long heldMicros = new Snapshots(catalog, stores).create(device, name);
        LOG.info("volume={}: snapshot {} was made; requests waited {} us for it", export.name(), name, heldMicros);
        return heldMicros;
    }

    private void requireOpen() throws BlockIoException {
        if (closed) {
            throw new BlockIoException(IoError.IO, "volume=" + export.name() + ": its server is ending; try again");
        }
    }

    /** Saves the manifest. The superblocks may be newer than the catalog after a growth, even one that a crash interrupted. */
    void saveManifest() throws BlockIoException {
        if (catalog != null) {
            catalog.save(device.manifest());
        }
    }

    @Override
    public synchronized void close() throws BlockIoException {
        closed = true;
        try {
            device.close();
        } finally {
            if (lock != null) {
                lock.close();
            }
        }
    }
}
