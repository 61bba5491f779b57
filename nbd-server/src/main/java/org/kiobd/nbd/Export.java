package org.kiobd.nbd;

import static org.kiobd.nbd.protocol.TransmissionFlags.NBD_FLAG_CAN_MULTI_CONN;
import static org.kiobd.nbd.protocol.TransmissionFlags.NBD_FLAG_HAS_FLAGS;
import static org.kiobd.nbd.protocol.TransmissionFlags.NBD_FLAG_READ_ONLY;
import static org.kiobd.nbd.protocol.TransmissionFlags.NBD_FLAG_ROTATIONAL;
import static org.kiobd.nbd.protocol.TransmissionFlags.NBD_FLAG_SEND_CACHE;
import static org.kiobd.nbd.protocol.TransmissionFlags.NBD_FLAG_SEND_FAST_ZERO;
import static org.kiobd.nbd.protocol.TransmissionFlags.NBD_FLAG_SEND_FLUSH;
import static org.kiobd.nbd.protocol.TransmissionFlags.NBD_FLAG_SEND_FUA;
import static org.kiobd.nbd.protocol.TransmissionFlags.NBD_FLAG_SEND_TRIM;
import static org.kiobd.nbd.protocol.TransmissionFlags.NBD_FLAG_SEND_WRITE_ZEROES;

import java.util.Comparator;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.HdrHistogram.Histogram;
import org.jspecify.annotations.Nullable;
import org.kiobd.nbd.protocol.NbdMagic;
import org.kiobd.nbd.protocol.NbdText;
import org.kiobd.nbd.trace.RequestTrace;
import org.kiobd.nbd.trace.TraceSession;
import org.kiobd.volume.BlockDevice;
import org.kiobd.volume.LatencyFigures;
import org.kiobd.volume.kiobuf.Op;
import org.kiobd.volume.loop.IoLoop;
import org.kiobd.volume.queue.MergeLimits;

/**
 * A block device under an export name. Borrows the device: the creator of the export closes the device after the connections of the export
 * have ended. A device belongs to one export at a time, because it supports one queue per loop. Any thread.
 */
public final class Export {
    private static final double NANOS_A_MICRO = 1_000;

    private final String name;
    private final String description;
    private final BlockDevice device;
    private final MergeLimits mergeLimits;
    private final @Nullable RequestTrace trace;

    private final Object lock = new Object();
    private final Map<IoLoop, ExportLoop> loops = new HashMap<>();
    private final Set<ServedConnection> connections = new HashSet<>();
    private final Map<Op, Histogram> latencies = new EnumMap<>(Op.class);
    private long connectionsTotal;
    /** Requests of connections that have ended. */
    private long endedRequests;

    private long endedErrors;
    private boolean closed;
    private volatile boolean copiesReads;

    /**
     * Makes all later READs copy their data before the reply begins, so that the reply can report a read error. Called after a file could
     * not be read while a reply was being sent from it. Any thread.
     */
    public void copyReads() {
        copiesReads = true;
    }

    /** Returns whether {@link #copyReads} was called. Any thread. */
    public boolean copiesReads() {
        return copiesReads;
    }

    /** Creates an export with the default merge limits. */
    public Export(String name, String description, BlockDevice device) {
        this(name, description, device, MergeLimits.DEFAULT, null);
    }

    /**
     * Creates an export.
     *
     * @param name name that a client asks for, at most 4096 bytes of UTF-8
     * @param description text that LIST returns with the name, at most 4096 bytes of UTF-8; may be empty
     * @param trace trace of all requests, borrowed; null for none
     */
    public Export(
            String name,
            String description,
            BlockDevice device,
            MergeLimits mergeLimits,
            @Nullable RequestTrace trace) {
        if (NbdText.lengthBytes(name) > NbdMagic.MAX_STRING_BYTES
                || NbdText.lengthBytes(description) > NbdMagic.MAX_STRING_BYTES) {
            throw new IllegalArgumentException(
                    "export name and description have at most " + NbdMagic.MAX_STRING_BYTES + " bytes each");
        }
        this.name = name;
        this.description = description;
        this.device = trace == null ? device : trace.over(device);
        this.trace = trace;
        this.mergeLimits = mergeLimits;
    }

    public String name() {
        return name;
    }

    public String description() {
        return description;
    }

    /** Returns the device, borrowed. */
    public BlockDevice device() {
        return device;
    }

    /** Returns the trace of a new connection; null if requests are not traced. */
    public @Nullable TraceSession trace(String peer) {
        return trace == null ? null : trace.session(name, device, peer);
    }

    /**
     * Returns the transmission flags that the export offers every client. They depend on the volume only: a kernel that reconnects after a
     * restart does not read them again.
     */
    public int transmissionFlags() {
        // A FLUSH on one connection covers all connections, because it syncs the members: multiple connections are
        // safe.
        int flags = NBD_FLAG_HAS_FLAGS
                | NBD_FLAG_SEND_FLUSH
                | NBD_FLAG_SEND_FUA
                | NBD_FLAG_CAN_MULTI_CONN
                | NBD_FLAG_SEND_CACHE;
        flags |= device.info().readOnly()
                ? NBD_FLAG_READ_ONLY
                : NBD_FLAG_SEND_TRIM | NBD_FLAG_SEND_WRITE_ZEROES | NBD_FLAG_SEND_FAST_ZERO;
        return device.info().rotational() ? flags | NBD_FLAG_ROTATIONAL : flags;
    }

    /** Returns the part of this export on {@code loop}. Called on that loop; the first call creates the queue. */
    public ExportLoop on(IoLoop loop) {
        synchronized (lock) {
            ExportLoop part = loops.get(loop);
            if (part == null) {
                part = new ExportLoop(device, loop, mergeLimits);
                loops.put(loop, part);
            }
            return part;
        }
    }

    /** Adds a connection; returns false if the export has been closed. */
    public boolean attach(ServedConnection connection) {
        synchronized (lock) {
            if (closed) {
                return false;
            }
            connectionsTotal++;
            return connections.add(connection);
        }
    }

    /** Removes a connection that has ended, and keeps its totals. */
    public void detach(ServedConnection connection) {
        synchronized (lock) {
            if (connections.remove(connection)) {
                ConnectionFigures last = connection.figures();
                endedRequests += last.requestsTotal();
                endedErrors += last.errors();
            }
        }
    }

    /**
     * Returns a stage that completes, on some thread, when the requests of all connections have ended whose clients are gone now. A client
     * that sends such a request again, and then overwrites what it wrote, must not be overtaken by the first one.
     */
    public CompletionStage<@Nullable Void> lostEnded(ServedConnection asking) {
        List<ServedConnection> others;
        synchronized (lock) {
            others = List.copyOf(connections);
        }
        return CompletableFuture.allOf(others.stream()
                .filter(connection -> connection != asking)
                .map(connection -> connection.endedIfLost().toCompletableFuture())
                .toArray(CompletableFuture[]::new));
    }

    /**
     * Shuts all connections down in order and accepts no new ones. The result completes, on some loop, when the last connection has ended.
     */
    CompletionStage<@Nullable Void> close(String reason) {
        List<ServedConnection> ending;
        synchronized (lock) {
            closed = true;
            ending = List.copyOf(connections);
        }
        ending.forEach(connection -> connection.shutDown(reason));
        return CompletableFuture.allOf(ending.stream()
                .map(connection -> connection.ended().toCompletableFuture())
                .toArray(CompletableFuture[]::new));
    }

    /** Opens the export; called when it is registered, possibly for a second time. */
    void open() {
        synchronized (lock) {
            closed = false;
        }
    }

    /** Returns the totals so far. The sum is not a snapshot: connections keep working meanwhile. */
    public ExportFigures figures() {
        synchronized (lock) {
            long requests = endedRequests;
            long errors = endedErrors;
            for (ServedConnection connection : connections) {
                ConnectionFigures now = connection.figures();
                requests += now.requestsTotal();
                errors += now.errors();
            }
            return new ExportFigures(connections.size(), connectionsTotal, requests, errors);
        }
    }

    /** Returns the latencies of its requests so far, by operation; leaves out operations without requests. */
    public Map<Op, LatencyFigures> latencies() {
        Map<Op, LatencyFigures> figures = new EnumMap<>(Op.class);
        synchronized (lock) {
            loops.values().forEach(part -> part.latencies().moveTo(latencies));
            latencies.forEach((op, histogram) -> {
                if (histogram.getTotalCount() > 0) {
                    figures.put(
                            op,
                            new LatencyFigures(
                                    histogram.getTotalCount(),
                                    histogram.getValueAtPercentile(50) / NANOS_A_MICRO,
                                    histogram.getValueAtPercentile(99) / NANOS_A_MICRO,
                                    histogram.getMaxValue() / NANOS_A_MICRO));
                }
            });
        }
        return figures;
    }

    /** Returns the figures of its connections, oldest connection first. */
    public List<ConnectionFigures> connections() {
        synchronized (lock) {
            return connections.stream()
                    .map(ServedConnection::figures)
                    .sorted(Comparator.comparingLong(ConnectionFigures::ageMs).reversed())
                    .toList();
        }
    }

    @Override
    public String toString() {
        return "export=" + name;
    }
}
