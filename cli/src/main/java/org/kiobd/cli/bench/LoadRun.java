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

/** One load on one export: connects, runs the plan, adds up. The command's thread; close it always. */
public final class LoadRun implements AutoCloseable {
    /** A server that has answered nothing for so long is not waited for. */
    private static final long PATIENCE_NANOS = 30_000_000_000L;

    private static final int TICK_MS = 100;
    private static final int GOODBYE_MS = 2_000;

    private final LoadPlan plan;
    private final Watcher watcher;
    private final List<NbdClient> clients = new ArrayList<>();
    private long cpuNanos;
    private long answered;

    /**
     * What a run has brought.
     *
     * @param cpuNanos what this process used of the processors while it measured
     * @param answered requests in all, those that were not measured included
     */
    public record Result(LoadOutcome outcome, long cpuNanos, long answered) {}

    /** How it goes. */
    @FunctionalInterface
    public interface Watcher {
        /**
         * Told some times a second.
         *
         * @param elapsedMs since the beginning, warm-up included
         * @param answered requests since the beginning
         */
        void progress(long elapsedMs, long answered);
    }

    public LoadRun(LoadPlan plan, Watcher watcher) {
        this.plan = plan;
        this.watcher = watcher;
    }

    /**
     * Makes the connections.
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
     * Sends requests as long as the plan says, and waits for the answers.
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

    /** Each has a part of its own where they would otherwise all do the same, or write over what another is to verify. */
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
                // Looks again; an outcome does not fail.
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

    /** Says goodbye to the server, if it still listens. */
    @Override
    public void close() {
        CompletableFuture<?>[] goodbyes =
                clients.stream().map(NbdClient::disconnect).toArray(CompletableFuture<?>[]::new);
        try {
            CompletableFuture.allOf(goodbyes).get(GOODBYE_MS, TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (ExecutionException | TimeoutException e) {
            // Then without.
        }
        clients.forEach(NbdClient::close);
    }
}
