package org.kiobd.cli.bench;

import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.kiobd.nbd.client.ExportInfo;
import org.kiobd.nbd.client.NbdClient;
import org.kiobd.nbd.client.NbdConnector;
import org.kiobd.nbd.client.NbdException;

/**
 * Runs one load on one export: connects, runs the plan and adds up the outcomes. Used by the command's thread, which must always close it.
 */
public final class LoadRun implements AutoCloseable {
    /** The run fails if the server answers nothing for this long. */
    private static final long PATIENCE_NANOS = 30_000_000_000L;

    private static final int TICK_MS = 100;
    private static final int GOODBYE_MS = 2_000;

    private final LoadPlan plan;
    private final Watcher watcher;
    private final List<NbdClient> clients = new ArrayList<>();
    private long cpuNanos;
    private long answered;

    /**
     * The result of a run.
     *
     * @param cpuNanos processor time of this process during the measurement
     * @param answered number of all answered requests, including those outside the measurement
     */
    public record Result(LoadOutcome outcome, long cpuNanos, long answered) {}

    /** Receives the progress of a run. */
    @FunctionalInterface
    public interface Watcher {
        /**
         * Reports the progress; called several times a second.
         *
         * @param elapsedMs time since the start, warm-up included
         * @param answered number of requests answered since the start
         */
        void progress(long elapsedMs, long answered);
    }

    public LoadRun(LoadPlan plan, Watcher watcher) {
        this.plan = plan;
        this.watcher = watcher;
    }

    /**
     * Opens the connections.
     *
     * @throws NbdException if the server cannot be reached
     */
    public ExportInfo connect(NbdConnector connector) throws NbdException {
        for (int i = 0; i < plan.connections(); i++) {
            try {
                clients.add(connector.connect().get());
            } catch (ExecutionException e) {
                throw NbdException.of(e);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw NbdException.of(e);
            }
        }
        return clients.get(0).export();
    }

    /**
     * Sends requests for the planned time, and waits for the replies.
     *
     * @throws TimeoutException if the server stopped answering
     */
    public Result run() throws InterruptedException, TimeoutException {
        SplittableRandom random = new SplittableRandom(plan.seed());
        try (Payloads payloads = new Payloads(random.split(), plan.blockBytes())) {
            long startNanos = System.nanoTime();
            long measureNanos =
                    startNanos + TimeUnit.MILLISECONDS.toNanos(plan.time().warmUpMs());
            LoadTimes times = new LoadTimes(
                    measureNanos,
                    measureNanos + TimeUnit.MILLISECONDS.toNanos(plan.time().runMs()));
            List<LoadConnection> connections = connections(payloads, random, times);
            List<CompletableFuture<LoadOutcome>> outcomes =
                    connections.stream().map(LoadConnection::start).toList();
            watch(connections, outcomes, times, startNanos);
            LoadOutcome sum = new LoadOutcome();
            outcomes.forEach(outcome -> sum.add(outcome.join()));
            return new Result(sum, cpuNanos, answered);
        }
    }

    /**
     * Returns the load of each connection. Each gets its own part of the range if all would otherwise send the same requests, or overwrite
     * blocks that another one verifies.
     */
    private List<LoadConnection> connections(Payloads payloads, SplittableRandom random, LoadTimes times) {
        LoadPlan.Range range = plan.rangeOf(clients.get(0).export());
        boolean own = plan.verify() || plan.order() == LoadPlan.Order.SEQUENTIAL;
        long partBytes = range.lengthBytes() / plan.connections() / plan.blockBytes() * plan.blockBytes();
        List<LoadConnection> connections = new ArrayList<>();
        for (NbdClient client : clients) {
            LoadPlan.Range part =
                    own ? new LoadPlan.Range(range.offsetBytes() + connections.size() * partBytes, partBytes) : range;
            connections.add(new LoadConnection(client, plan, part, payloads, random.split(), times));
        }
        return connections;
    }

    private void watch(
            List<LoadConnection> connections,
            List<CompletableFuture<LoadOutcome>> outcomes,
            LoadTimes times,
            long startNanos)
            throws InterruptedException, TimeoutException {
        CompletableFuture<Void> all = CompletableFuture.allOf(outcomes.toArray(CompletableFuture[]::new));
        long answeredNanos = startNanos;
        boolean measuring = false;
        boolean measured = false;
        while (!all.isDone()) {
            try {
                all.get(TICK_MS, TimeUnit.MILLISECONDS);
            } catch (TimeoutException | ExecutionException e) {
                // The loop checks again; an outcome never fails.
            }
            long nowNanos = System.nanoTime();
            if (!measuring && nowNanos - times.measureNanos() >= 0) {
                measuring = true;
                cpuNanos -= processCpuNanos();
            }
            if (measuring && !measured && (nowNanos - times.endNanos() >= 0 || all.isDone())) {
                measured = true;
                cpuNanos += processCpuNanos();
            }
            long sum = connections.stream().mapToLong(LoadConnection::answered).sum();
            if (sum != answered) {
                answered = sum;
                answeredNanos = nowNanos;
            } else if (nowNanos - answeredNanos > PATIENCE_NANOS) {
                throw new TimeoutException("the server has not answered for "
                        + TimeUnit.NANOSECONDS.toSeconds(PATIENCE_NANOS) + " s; answered before: " + answered);
            }
            watcher.progress(TimeUnit.NANOSECONDS.toMillis(nowNanos - startNanos), answered);
        }
    }

    private static long processCpuNanos() {
        return ManagementFactory.getPlatformMXBean(com.sun.management.OperatingSystemMXBean.class)
                .getProcessCpuTime();
    }

    /** Disconnects from the server in an orderly way, if it still responds. */
    @Override
    public void close() {
        CompletableFuture<?>[] goodbyes =
                clients.stream().map(NbdClient::disconnect).toArray(CompletableFuture<?>[]::new);
        try {
            CompletableFuture.allOf(goodbyes).get(GOODBYE_MS, TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (ExecutionException | TimeoutException e) {
            // Close without an orderly disconnect.
        }
        clients.forEach(NbdClient::close);
    }
}
