package org.kiobd.it.bench;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.kiobd.volume.IoError;
import org.kiobd.volume.kiobuf.Completion;
import org.kiobd.volume.kiobuf.CompoundCompletion;
import org.kiobd.volume.kiobuf.Kiobuf;
import org.kiobd.volume.kiobuf.Op;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/**
 * B10, second half, "a clone and a counter are enough": something that ends when its children have. The counter is what a request does
 * with its slices; the compound event has an event for each child, as cev would have had; CompletableFuture is the JDK's own.
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 300, timeUnit = TimeUnit.MILLISECONDS)
@Measurement(iterations = 4, time = 300, timeUnit = TimeUnit.MILLISECONDS)
@Fork(1)
@State(Scope.Thread)
public class JoinBenchmark {
    @Param({"1", "4", "16", "64"})
    int children;

    private final TurnedLoop loop = new TurnedLoop();
    private final Completion.Notifier notifier = this::count;
    private int ended;

    private void count(Completion completion, @Nullable IoError error) {
        ended++;
    }

    /** The request's own count of slices. */
    @Benchmark
    public int counter() {
        Kiobuf parent = new Kiobuf(loop, Op.FLUSH, 0, 0);
        parent.addNotifier(notifier);
        countDown(parent, children);
        return ended;
    }

    /** Children begin, the submitter lets go, children end: what a split request goes through. */
    static void countDown(Kiobuf parent, int children) {
        for (int i = 0; i < children; i++) {
            parent.beginSlice();
        }
        parent.submitted();
        for (int i = 0; i < children; i++) {
            parent.endSlice();
        }
    }

    /** A completion of each child's own, joined by ALL. */
    @Benchmark
    public int compound() {
        CompoundCompletion parent = CompoundCompletion.allOf(loop);
        parent.addNotifier(notifier);
        Completion[] parts = new Completion[children];
        for (int i = 0; i < parts.length; i++) {
            parts[i] = new Completion(loop);
            parent.add(parts[i]);
        }
        parent.arm();
        for (Completion part : parts) {
            part.complete(null);
        }
        return ended;
    }

    /** The same with the JDK's means. */
    @Benchmark
    public int futures() {
        CompletableFuture<?>[] parts = new CompletableFuture<?>[children];
        for (int i = 0; i < parts.length; i++) {
            parts[i] = new CompletableFuture<Void>();
        }
        var unusedParent = CompletableFuture.allOf(parts).thenRun(() -> ended++);
        for (CompletableFuture<?> part : parts) {
            part.complete(null);
        }
        return ended;
    }
}
