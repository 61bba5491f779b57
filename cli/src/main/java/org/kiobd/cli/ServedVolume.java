package org.kiobd.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.kiobd.manage.Snapshots;
import org.kiobd.manage.catalog.ServerState;
import org.kiobd.manage.catalog.VolumeCatalog;
import org.kiobd.manage.catalog.VolumeLock;
import org.kiobd.manage.control.ControlServer;
import org.kiobd.nbd.ConnectionFigures;
import org.kiobd.nbd.Export;
import org.kiobd.nbd.ExportFigures;
import org.kiobd.raid.Volume;
import org.kiobd.store.CacheMode;
import org.kiobd.store.MemberStore;
import org.kiobd.store.MemberStores;
import org.kiobd.store.file.SystemErrors;
import org.kiobd.volume.BlockIoException;
import org.kiobd.volume.DeviceCounters;
import org.kiobd.volume.IoError;
import org.kiobd.volume.loop.IoEngine;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A volume or a raw image that is being served: holds its lock, its open device and its export, and answers questions about it. A raw image
 * has no lock and gets no questions. Owned by the {@link Server}; control threads.
 */
final class ServedVolume implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(ServedVolume.class);

    private final Volume device;
    private final Export export;
    private final Ways ways;
    private final @Nullable VolumeCatalog catalog;
    private final @Nullable VolumeLock lock;
    private boolean closed;

    /** The I/O engine and the cache mode of the server. */
    record Ways(IoEngine engine, CacheMode cache) {}

    ServedVolume(Volume device, Export export, Ways ways, @Nullable VolumeCatalog catalog, @Nullable VolumeLock lock) {
        this.device = device;
        this.export = export;
        this.ways = ways;
        this.catalog = catalog;
        this.lock = lock;
    }

    Export export() {
        return export;
    }

    /** Returns one line on what a failed close means for the data. */
    String notSaved(Throwable why) {
        String name = export.name();
        String lost = ways.cache() == CacheMode.UNSAFE
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
        new CacheLabel(ways.cache).warn(device);
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

    /** Registers the volume with {@code control}, and announces the server to other processes. */
    void announce(ControlServer control) throws BlockIoException {
        // Without an exclusive lock, nothing may be written to the volume's folder, not even an announcement.
        if (lock == null || !lock.isExclusive()) {
            return;
        }
        try {
            control.add(export.name(), this::answer);
            lock.announce(new ServerState(ProcessHandle.current().pid(), control.path()));
        } catch (IOException e) {
            BlockIoException failure =
                    SystemErrors.failure("volume=" + export.name() + ": cannot say that it is served", e);
            if (!isReadOnly()) {
                throw failure;
            }
            LOG.warn("{}; it is served, and kiobd info has no live figures of it", failure.getMessage());
        }
    }

    /** Answers a question. Synchronized with {@link #close}, because a snapshot in progress needs the members. */
    private synchronized Map<String, ?> answer(Map<String, Object> question) throws BlockIoException {
        if (closed) {
            throw new BlockIoException(IoError.IO, "volume=" + export.name() + ": its server is ending; try again");
        }
        Object command = question.get("command");
        if ("info".equals(command)) {
            Map<String, Object> json = figures();
            json.put("latency", latencies());
            json.put("clients", clients());
            json.put("members", members());
            return json;
        }
        if ("resize".equals(command) && question.get("sizeBytes") instanceof Number size) {
            device.grow(size.longValue());
            saveManifest();
            return Map.of("sizeBytes", device.sizeBytes());
        }
        if ("snapshot".equals(command) && catalog != null && question.get("name") instanceof String name) {
            long heldMicros;
            try (MemberStores stores = MemberStores.load()) {
                heldMicros = new Snapshots(catalog, stores).create(device, name);
            }
            LOG.info("volume={}: snapshot {} was made; requests waited {} us for it", export.name(), name, heldMicros);
            return Map.of("heldMicros", heldMicros);
        }
        throw new BlockIoException(IoError.INVALID, "the server does not know the question " + question);
    }

    /** Saves the manifest. The superblocks may be newer than the catalog after a growth, even one that a crash interrupted. */
    void saveManifest() throws BlockIoException {
        if (catalog != null) {
            catalog.save(device.manifest());
        }
    }

    /** Returns what the volume has done so far, by name. */
    Map<String, Object> figures() {
        DeviceCounters counters = device.counters();
        ExportFigures figures = export.figures();
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("volume", export.name());
        json.put("requests", counters.requests());
        json.put("chains", counters.chains());
        json.put("memberOps", counters.memberOps());
        json.put(
                "submittedOps",
                device.members().stream().mapToLong(MemberStore::submittedOps).sum());
        json.put("reissuedOps", counters.reissuedOps());
        json.put("readBytes", counters.readBytes());
        json.put("writtenBytes", counters.writtenBytes());
        json.put("failedRequests", counters.failedRequests());
        json.put("refusedRequests", Math.max(0, figures.errors() - counters.failedRequests()));
        json.put("connections", figures.connections());
        json.put("connectionsTotal", figures.connectionsTotal());
        json.put("sizeBytes", device.sizeBytes());
        json.put("engine", ways.engine.toString());
        json.put("cache", ways.cache.toString());
        return json;
    }

    /** Returns the latencies of requests, by operation. */
    private Map<String, Object> latencies() {
        Map<String, Object> json = new LinkedHashMap<>();
        export.latencies().forEach((op, figures) -> {
            Map<String, Object> one = new LinkedHashMap<>();
            one.put("count", figures.count());
            one.put("p50Micros", figures.p50Micros());
            one.put("p99Micros", figures.p99Micros());
            one.put("maxMicros", figures.maxMicros());
            json.put(op.name(), one);
        });
        return json;
    }

    /** Returns what each member has done, and the figures of its store. */
    private List<Map<String, Object>> members() {
        List<Map<String, Object>> json = new ArrayList<>();
        List<DeviceCounters.MemberCounters> counters = device.counters().members();
        for (int i = 0; i < counters.size(); i++) {
            DeviceCounters.MemberCounters member = counters.get(i);
            Map<String, Object> one = new LinkedHashMap<>();
            one.put("member", i);
            one.put("ops", member.ops());
            one.put("inFlight", member.inFlight());
            one.put("maxInFlight", member.maxInFlight());
            one.put("maxAgeMicros", member.maxAgeMicros());
            one.put("errors", member.errors());
            one.putAll(device.members().get(i).figures());
            json.add(one);
        }
        return json;
    }

    /** Returns the connected clients, the earliest connection first. */
    private List<Map<String, Object>> clients() {
        List<Map<String, Object>> json = new ArrayList<>();
        for (ConnectionFigures client : export.connections()) {
            Map<String, Object> one = new LinkedHashMap<>();
            one.put("peer", client.peer());
            one.put("headers", client.session().style().toString());
            one.put("contexts", client.contexts());
            one.put(
                    "tls",
                    client.session().security() == null
                            ? ""
                            : client.session().security().toString());
            one.put("ageMs", client.ageMs());
            one.put("idleMs", client.idleMs());
            one.put("requests", client.requestsTotal());
            one.put("requestsByCommand", client.requests());
            one.put("readBytes", client.readBytes());
            one.put("writtenBytes", client.writtenBytes());
            one.put("errors", client.errors());
            one.put("inFlight", client.inFlight());
            json.add(one);
        }
        return json;
    }

    /** Returns the most important figures in one line, for users. */
    String figuresLine() {
        DeviceCounters counters = device.counters();
        return export.name() + ": requests=" + counters.requests() + " chains=" + counters.chains() + " memberOps="
                + counters.memberOps() + " read=" + Sizes.format(counters.readBytes()) + " written="
                + Sizes.format(counters.writtenBytes()) + " failed=" + counters.failedRequests();
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
