package org.kiobd.it.bench;

import static org.kiobd.it.bench.Figures.bytes;
import static org.kiobd.it.bench.Figures.format;
import static org.kiobd.it.bench.Figures.millis;
import static org.kiobd.it.bench.Figures.size;
import static org.kiobd.it.bench.Figures.times;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.HdrHistogram.Histogram;
import org.kiobd.it.bench.CopyCount.Copies;
import org.kiobd.it.bench.IndependentCompletion.Latencies;
import org.kiobd.it.bench.SizeSweep.Point;
import org.kiobd.it.bench.SizeSweep.Strategy;
import org.kiobd.volume.BlockIoException;
import org.kiobd.volume.kiobuf.Op;

/** The claims that need counting or a device, B5 to B8 and B11; each method runs the program of one claim. */
final class ProgramClaims {
    /** The file name of the plot in the text of a claim. */
    static final String PLOT = "core-sweep.svg";

    private static final long SEED = 7;
    private static final int TRIALS = 2000;
    private static final int BATCHES = 200;
    private static final int QUICK_BATCHES = 50;
    private static final int ROUNDS = 5;
    private static final double SLOWER_NANOS = 10e6;
    private static final int[] PAYLOADS = {512, 4096, 16384, 65536, 262144, 1 << 20};
    private static final double MIB = 1 << 20;

    private final boolean quick;

    ProgramClaims(boolean quick) {
        this.quick = quick;
    }

    Claim copies() throws IOException {
        Claim claim = new Claim(
                "B5",
                "zero-copy: times our code moves a payload byte between request and store",
                "0 on file members; 1 or more on RocksDB.");
        claim.head("members", "write", "read");
        boolean filesClean = true;
        boolean heapRefused = false;
        boolean rocksCopies = true;
        double rocksWhole = 0;
        for (Copies copies : CopyCount.run(CopyCount.WAYS)) {
            claim.row(copies.way().name(), orRefused(copies.write()), orRefused(copies.read()));
            if (!copies.way().scheme().equals("file")) {
                rocksCopies &= copies.write() >= 1 && copies.read() >= 1;
                rocksWhole = copies.way().name().contains("whole") ? copies.write() : rocksWhole;
            } else if (copies.way().direct()) {
                filesClean &= copies.write() == 0 && copies.read() == 0;
            } else {
                heapRefused = Double.isNaN(copies.write());
            }
        }
        claim.words(
                "The memory itself counts who moves bytes into or out of it; memory lent in place to the kernel or to RocksDB is not"
                        + " moved by us. What the kernel and RocksDB do then is not counted, nor the way from the socket"
                        + " ([system calls and whole copies](../PERFORMANCE.md#other-figures)).");
        claim.found(filesClean, "no byte is moved on the way to a file or back, aligned or not.");
        claim.found(
                rocksCopies,
                "RocksDB at %s for whole blocks in direct memory: they are lent to its batch, and it makes the copies. One copy of ours"
                                .formatted(times(rocksWhole))
                        + " where a block is put together from two requests, or lies in the heap.");
        if (heapRefused) {
            claim.words(
                    "Heap memory is refused on files, where the JDK would copy it unseen: that copy would be the requester's.");
        }
        return claim;
    }

    private static String orRefused(double copies) {
        return Double.isNaN(copies) ? "refused" : times(copies);
    }

    Claim independence() throws BlockIoException {
        int batches = quick ? QUICK_BATCHES : BATCHES;
        Latencies base = Latencies.none();
        Latencies own = Latencies.none();
        Latencies whole = Latencies.none();
        // The three take turns, so that other load on the machine affects all of them.
        for (int round = 0; round < ROUNDS; round++) {
            base.add(IndependentCompletion.run(false, false, batches / ROUNDS));
            own.add(IndependentCompletion.run(true, false, batches / ROUNDS));
            whole.add(IndependentCompletion.run(true, true, batches / ROUNDS));
        }
        Claim claim = new Claim(
                "B6",
                "objects keep independent completion",
                "with one member 10 ms late, originals off it keep the latency they had; where a chain completes as a whole, all pay the"
                        + " maximum.");
        claim.head("originals that are not on the slow member", "p50", "p99", "p50 of those on it");
        latencies(claim, "no member is slow", base);
        latencies(claim, "one slow, each original ends for itself (ours)", own);
        latencies(claim, "one slow, the chain ends as one", whole);
        claim.words(batches + " batches of " + IndependentCompletion.ORIGINALS
                + " adjacent writes of 4 KiB, one chain each, on a real event loop.");
        claim.found(
                percentile(own.off(), 50) < percentile(base.off(), 50) + SLOWER_NANOS / 2
                        && percentile(own.off(), 99) < percentile(base.off(), 99) + SLOWER_NANOS / 2,
                "off the slow member: p50 %s against %s, p99 %s against %s (held: not half of the 10 ms more)."
                        .formatted(
                                millis(percentile(own.off(), 50)),
                                millis(percentile(base.off(), 50)),
                                millis(percentile(own.off(), 99)),
                                millis(percentile(base.off(), 99))));
        claim.found(
                percentile(whole.off(), 50) >= SLOWER_NANOS,
                "the whole chain makes those originals wait %s at p50.".formatted(millis(percentile(whole.off(), 50))));
        return claim;
    }

    private static void latencies(Claim claim, String name, Latencies latencies) {
        claim.row(
                name,
                millis(percentile(latencies.off(), 50)),
                millis(percentile(latencies.off(), 99)),
                millis(percentile(latencies.on(), 50)));
    }

    private static double percentile(Histogram histogram, double percentile) {
        return histogram.getValueAtPercentile(percentile);
    }

    Claim blastRadius() throws BlockIoException {
        Claim claim = new Claim(
                "B7",
                "success is not a prefix",
                "ours fails exactly the originals with a byte in the bad place; a prefix rule all from the first error on; one status all of"
                        + " the chain.");
        claim.head(
                "rule", "originals", "with a bad byte", "failed", "failed, of those with a bad byte", "wrongly told");
        for (BlastRadius.Rule rule : BlastRadius.Rule.values()) {
            BlastRadius.Result result = BlastRadius.run(rule, SEED, TRIALS);
            double factor = (double) result.failed() / result.covered();
            claim.row(
                    rule.title(),
                    format("%,d", result.originals()),
                    format("%,d", result.covered()),
                    format("%,d", result.failed()),
                    times(factor),
                    format("%,d", result.wrong()));
            switch (rule) {
                case EXACT ->
                    claim.found(
                            result.wrong() == 0 && result.failed() == result.covered(),
                            format(
                                    "ours: %,d covered, %,d failed, %,d of them wrongly.",
                                    result.covered(), result.failed(), result.wrong()));
                case PREFIX, ALL ->
                    claim.found(
                            result.failed() > result.covered(),
                            format("%s: %s times as many fail.", rule.title(), times(factor)));
            }
        }
        claim.words(format(
                "%,d chains of %d adjacent writes over four members, each with one bad place; seed %d.",
                TRIALS, BlastRadius.ORIGINALS, SEED));
        return claim;
    }

    Claim vectorSize() {
        Claim claim = new Claim(
                "B8",
                "bytes that describe a MiB of payload",
                "with (offset, length) an entry doubles or triples; the cost is real, and buys payloads that need not be aligned.");
        claim.head("payloads of", "page vector", "fragments of a page", "a fragment a payload");
        for (int payload : PAYLOADS) {
            VectorSize.Sizes sizes = VectorSize.of(payload);
            claim.row(size(payload), bytes(sizes.pages()), bytes(sizes.pageFragments()), bytes(sizes.runFragment()));
        }
        VectorSize.Sizes large = VectorSize.of(1 << 20);
        double entry = large.pageFragments() / large.pages();
        claim.words(
                "As allocated in this JVM, without the memory itself: an array of references with one offset and length for all, or an"
                        + " array of fragments, each an object with its own.");
        claim.found(
                entry >= 2 && entry <= 3.5,
                "page by page, a MiB takes %s times the bytes (held: 2 to 3.5): a fragment is an object, and has a header."
                        .formatted(times(entry)));
        VectorSize.Sizes page = VectorSize.of(VectorSize.PAGE_BYTES);
        claim.found(
                page.runFragment() > page.pages() && large.runFragment() > large.pages(),
                "a fragment is not bound to a page, so the cost is not there: one for a payload takes %s times the page vector's bytes at 4"
                                .formatted(times(page.runFragment() / page.pages()))
                        + " KiB, and %s times at 1 MiB (held: more in both)."
                                .formatted(times(large.runFragment() / large.pages())));
        return claim;
    }

    /** The claim of the sweep, and its plot as SVG. */
    record Sweep(Claim claim, String plot) {}

    Sweep sweep() throws BlockIoException {
        SizeSweep.Effort effort = quick ? new SizeSweep.Effort(5, 10_000_000) : new SizeSweep.Effort(9, 25_000_000);
        List<Point> points = SizeSweep.run(effort);
        Claim claim = new Claim(
                "B11",
                "the sweep of LaHaise and Ingo",
                "there are sizes from which on merging and splitting stop to matter.");
        claim.words("![Throughput by size and strategy](" + PLOT + ")");
        List<String> head = new ArrayList<>(List.of("MiB a CPU second", "size"));
        for (Strategy strategy : Strategy.values()) {
            head.add(strategy.title());
        }
        claim.head(head.toArray(String[]::new));
        for (Point point : points) {
            List<String> row = new ArrayList<>(List.of(point.op().name(), size(point.bytes())));
            for (Strategy strategy : Strategy.values()) {
                row.add(format("%,.0f", point.of(strategy) / MIB));
            }
            claim.row(row);
        }
        claim.words(format(
                "Memory members, chunks of 64 KiB, up to %d adjacent requests and 16 MiB at a time; medians of %d rounds in turn.",
                SizeSweep.DEPTH, effort.rounds()));
        for (Op op : List.of(Op.READ, Op.WRITE)) {
            for (Strategy other : Strategy.values()) {
                if (other != Strategy.MERGE_THEN_SPLIT) {
                    found(claim, points, op, other);
                }
            }
        }
        return new Sweep(claim, SweepPlot.svg(points));
    }

    private static void found(Claim claim, List<Point> points, Op op, Strategy other) {
        int crossover = SizeSweep.crossoverBytes(points, op, other);
        double least = points.stream()
                .filter(point -> point.op() == op)
                .mapToDouble(point -> point.gain(other))
                .min()
                .orElseThrow();
        double most = points.stream()
                .filter(point -> point.op() == op)
                .mapToDouble(point -> point.gain(other))
                .max()
                .orElseThrow();
        String gains = format("ours is %s as fast", Figures.range(least, most));
        claim.found(
                crossover > 0,
                format("%s, %s: %s; ", op, other.title(), gains)
                        + (crossover > 0
                                ? "from " + size(crossover) + " on it is less than a tenth faster."
                                : "it stays a tenth faster at the largest size."));
    }
}
