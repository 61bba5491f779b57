package org.kiobd.it.bench;

import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.kiobd.volume.IoError;
import org.kiobd.volume.kiobuf.Completion;
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
 * B10, first half, "what is not used must cost nothing": measures a completion with its notifier and 0, 1 or 4 interceptors that let it
 * pass.
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 300, timeUnit = TimeUnit.MILLISECONDS)
@Measurement(iterations = 4, time = 300, timeUnit = TimeUnit.MILLISECONDS)
@Fork(1)
@State(Scope.Thread)
public class InterceptorBenchmark {
    private static final Completion.Interceptor PASS = (completion, error) -> false;

    @Param({"0", "1", "4"})
    int interceptors;

    private final TurnedLoop loop = new TurnedLoop();
    private final Completion.Notifier notifier = this::count;
    private int ended;

    private void count(Completion completion, @Nullable IoError error) {
        ended++;
    }

    /** Makes and completes a completion. */
    @Benchmark
    public int complete() {
        Completion completion = new Completion(loop);
        completion.addNotifier(notifier);
        for (int i = 0; i < interceptors; i++) {
            completion.addInterceptor(PASS);
        }
        completion.complete(null);
        return ended;
    }
}
