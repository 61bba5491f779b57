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
 * B10, second half, "a clone and a counter are enough": measures a parent that completes when its children have completed. The counter is
 * the one that a request keeps for its slices. The compound completion has a completion for each child, as cev would have had.
 * CompletableFuture is the JDK's own.
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

    /** Joins the children with the slice counter of a request. */
    @Benchmark
    public int counter() {
        Kiobuf parent = new Kiobuf(loop, Op.FLUSH, 0, 0);
        parent.addNotifier(notifier);
        countDown(parent, children);
        return ended;
    }

    /** Begins the slices, drops the submitter's hold and ends the slices, as for a split request. */
    static void countDown(Kiobuf parent, int children) {
        for (int i = 0; i < children; i++) {
            parent.beginSlice();
        }
        parent.submitted();
        for (int i = 0; i < children; i++) {
            parent.endSlice();
        }
    }

    /** Joins one completion per child by ALL. */
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

    /** Joins one future per child with {@link CompletableFuture#allOf}. */
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
