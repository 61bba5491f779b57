package org.kiobd.raid;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;
import org.kiobd.volume.kiobuf.Completion;
import org.kiobd.volume.kiobuf.CompoundCompletion;
import org.kiobd.volume.loop.IoLoop;

/**
 * The ports of an array, one for each event loop that has used it, and the freeze of all of them. Owned by an {@link ArrayDevice}; any
 * thread may call the methods.
 */
final class ArrayPorts {
    /** The maximum number of event loops; a loop with a higher index is refused. */
    private static final int MAX_LOOPS = 1024;

    private final ArrayDevice device;
    private final int maxInFlightPerMember;
    private final AtomicReferenceArray<@Nullable ArrayPort> byLoop = new AtomicReferenceArray<>(MAX_LOOPS);
    private final Object lock = new Object();
    private final List<ArrayPort> all = new ArrayList<>();
    private int freezes;
    private CompletableFuture<@Nullable Void> frozen = new CompletableFuture<>();

    ArrayPorts(ArrayDevice device, int maxInFlightPerMember) {
        this.device = device;
        this.maxInFlightPerMember = maxInFlightPerMember;
    }

    /** Returns the port of {@code loop}, which is the caller's; makes it at the first call. */
    ArrayPort of(IoLoop loop) {
        ArrayPort port = byLoop.get(loop.index());
        return port != null ? port : add(loop);
    }

    private ArrayPort add(IoLoop loop) {
        synchronized (lock) {
            if (device.state() == ArrayState.CLOSED) {
                throw new IllegalStateException("device=" + device.info().name() + " is closed");
            }
            ArrayPort port = new ArrayPort(device, loop, maxInFlightPerMember);
            if (freezes > 0) {
                port.freeze(new Completion(loop));
            }
            all.add(port);
            byLoop.set(loop.index(), port);
            return port;
        }
    }

    /**
     * Holds new requests back on all loops; calls nest.
     *
     * @return completes when no request is in flight on any loop
     */
    CompletableFuture<@Nullable Void> freeze() {
        synchronized (lock) {
            freezes++;
            if (freezes == 1) {
                frozen = onEveryLoop(ArrayPort::freeze);
            }
            return frozen;
        }
    }

    /** Undoes one {@link #freeze}; the last call starts the requests that were held back. */
    void thaw() {
        synchronized (lock) {
            if (freezes == 0) {
                throw new IllegalStateException("device=" + device.info().name() + " is not frozen");
            }
            freezes--;
            if (freezes == 0) {
                for (ArrayPort port : all) {
                    port.loop().execute(port::thaw);
                }
            }
        }
    }

    /**
     * Closes the ports, which are frozen and idle. The device must be closed already, so that no loop adds a port afterwards.
     *
     * @return completes when every port is closed
     */
    CompletableFuture<@Nullable Void> close() {
        synchronized (lock) {
            return onEveryLoop((port, closed) -> {
                port.close();
                closed.complete(null);
            });
        }
    }

    List<PortCounters> counters() {
        synchronized (lock) {
            return all.stream().map(ArrayPort::counters).toList();
        }
    }

    /** Runs {@code work} for each port on its loop; the result completes when each port's completion has ended. */
    private CompletableFuture<@Nullable Void> onEveryLoop(BiConsumer<ArrayPort, Completion> work) {
        if (all.isEmpty()) {
            return CompletableFuture.completedFuture(null);
        }
        CompletableFuture<@Nullable Void> done = new CompletableFuture<>();
        CompoundCompletion every = CompoundCompletion.allOf(all.get(0).loop());
        every.addNotifier((completion, error) -> done.complete(null));
        for (ArrayPort port : all) {
            Completion part = new Completion(port.loop());
            every.add(part);
            port.loop().execute(() -> work.accept(port, part));
        }
        every.arm();
        return done;
    }
}
