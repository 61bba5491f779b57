package org.kiobd.it.bench;

import java.util.concurrent.TimeUnit;
import org.kiobd.volume.kiobuf.KiobufChain;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/**
 * B1, "chaining merges without copying vector information": merges K requests one after the other, as they arrive. One operation merges
 * all of them, so one merge costs the score divided by K - 1.
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 4, time = 300, timeUnit = TimeUnit.MILLISECONDS)
@Measurement(iterations = 5, time = 300, timeUnit = TimeUnit.MILLISECONDS)
@Fork(1)
@State(Scope.Thread)
public class MergeBenchmark {
    @Param({"2", "32", "256", "4096"})
    int requests;

    @Param({"1", "4"})
    int fragments;

    private Requests arriving;

    @Setup
    public void makeRequests() {
        arriving = new Requests(requests, fragments, 4096 / fragments);
    }

    /** Merges as kiobd does: a merge changes two pointers. */
    @Benchmark
    public KiobufChain chain() {
        return arriving.chain();
    }

    /** Merges into a vector that doubles when it is full. */
    @Benchmark
    public Object growArray() {
        ScatterList list = new ScatterList(arriving.get(0));
        for (int i = 1; i < arriving.count(); i++) {
            list.mergeGrowing(arriving.get(i));
        }
        return list;
    }

    /** Merges into a new vector of the exact size for each merge. */
    @Benchmark
    public Object copyAll() {
        ScatterList list = new ScatterList(arriving.get(0));
        for (int i = 1; i < arriving.count(); i++) {
            list.mergeCopying(arriving.get(i));
        }
        return list;
    }
}
