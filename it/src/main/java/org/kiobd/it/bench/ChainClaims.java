package org.kiobd.it.bench;

import static org.kiobd.it.bench.Figures.format;
import static org.kiobd.it.bench.Figures.range;
import static org.kiobd.it.bench.Figures.size;
import static org.kiobd.it.bench.Figures.times;

import org.kiobd.it.bench.Scores.Score;
import org.kiobd.it.bench.SplitOrderBenchmark.Work;

/** The claims about chains, B1 to B3: merging, splitting, and the order of the two. */
final class ChainClaims {
    private static final int[] REQUESTS = {2, 32, 256, 4096};
    private static final int[] FRAGMENTS_EACH = {1, 4};
    private static final int[] FRAGMENTS = {16, 256};
    private static final int[] CHUNKS = {4, 16, 64};
    private static final int[] MEMBERS = {2, 4};
    private static final int[] ORIGINAL_BYTES = {4096, 65536, 1 << 20, 4 << 20};

    /** Ratio of two times below which they count as equal on a shared machine. */
    private static final double EVEN = 1.1;

    private final Scores scores;

    ChainClaims(Scores scores) {
        this.scores = scores;
    }

    Claim merging() {
        Claim claim = new Claim(
                "B1",
                "merging K requests",
                "a chain takes O(1) and 0 B a merge; a vector that doubles O(1) amortised, with copies; copying all O(K) a merge and O(K²)"
                        + " in all.");
        claim.head("K requests", "fragments each", "chain", "grow array", "copy all");
        for (int requests : REQUESTS) {
            for (int fragments : FRAGMENTS_EACH) {
                claim.row(
                        "" + requests,
                        "" + fragments,
                        merge("chain", requests, fragments).cell(),
                        merge("growArray", requests, fragments).cell(),
                        merge("copyAll", requests, fragments).cell());
            }
        }
        claim.words("Each cell: time for the whole operation, bytes allocated by it.");
        double chainGrowth = perMerge("chain", 4096) / perMerge("chain", 32);
        double chainBytes =
                merge("chain", 4096, 4).bytes() - merge("chain", 2, 1).bytes();
        claim.found(
                chainGrowth < 2 && chainBytes / 4095 < 0.1,
                format(
                        "chain: a merge takes %.1f ns among 32 requests and %.1f ns among 4096 (held: less than twice, and a tenth of a byte); all 4095 merges"
                                + " together allocate %.0f B more than one.",
                        perMerge("chain", 32), perMerge("chain", 4096), chainBytes));
        double growth = perMerge("growArray", 4096) / perMerge("growArray", 32);
        claim.found(
                growth < 2,
                format(
                        "grow array: %.1f ns and %.1f ns a merge, and %.0f B copied to for each; %s the time of the chain.",
                        perMerge("growArray", 32),
                        perMerge("growArray", 4096),
                        merge("growArray", 4096, 1).bytes() / 4096,
                        range(least(requests -> growOverChain(requests)), most(requests -> growOverChain(requests)))));
        double bytes =
                merge("copyAll", 4096, 1).bytes() / merge("copyAll", 256, 1).bytes();
        double time =
                merge("copyAll", 4096, 1).nanos() / merge("copyAll", 256, 1).nanos();
        claim.found(
                bytes > 128,
                format(
                        "copy all: 16 times the requests allocate %.0f times the bytes (O(K²): 256; held: more than half).",
                        bytes));
        claim.found(time > 128, format("copy all: and take %.0f times the time (the same rule).", time));
        return claim;
    }

    private Score merge(String variant, int requests, int fragments) {
        return scores.of(MergeBenchmark.class, variant, "requests", requests, "fragments", fragments);
    }

    private double perMerge(String variant, int requests) {
        return merge(variant, requests, 1).nanos() / (requests - 1);
    }

    private double growOverChain(int requests) {
        return merge("growArray", requests, 1).nanos()
                / merge("chain", requests, 1).nanos();
    }

    private static double least(java.util.function.IntToDoubleFunction ratio) {
        return java.util.Arrays.stream(REQUESTS).mapToDouble(ratio).min().orElseThrow();
    }

    private static double most(java.util.function.IntToDoubleFunction ratio) {
        return java.util.Arrays.stream(REQUESTS).mapToDouble(ratio).max().orElseThrow();
    }

    Claim splitting() {
        Claim claim = new Claim(
                "B2",
                "splitting F fragments over C chunks on N members",
                "at most F + C - 1 entries, about 0 B and no copy for the cursor; O(N x K) nodes for a duplicated chain; every byte copied"
                        + " for a flattened one.");
        claim.head("F fragments", "C chunks of 64 KiB", "N members", "cursor", "duplicate chain", "flatten");
        double leastBytes = Double.MAX_VALUE;
        double mostBytes = 0;
        double[] clone = {Double.MAX_VALUE, 0};
        double[] flat = {Double.MAX_VALUE, 0};
        for (int fragments : FRAGMENTS) {
            for (int chunks : CHUNKS) {
                for (int members : MEMBERS) {
                    Score cursor = split("cursor", fragments, chunks, members);
                    Score duplicate = split("duplicateChain", fragments, chunks, members);
                    Score flatten = split("flattenCopy", fragments, chunks, members);
                    claim.row(
                            "" + fragments, "" + chunks, "" + members, cursor.cell(), duplicate.cell(), flatten.cell());
                    leastBytes = Math.min(leastBytes, cursor.bytes());
                    mostBytes = Math.max(mostBytes, cursor.bytes());
                    widen(clone, duplicate.nanos() / cursor.nanos());
                    widen(flat, flatten.nanos() / cursor.nanos());
                }
            }
        }
        claim.found(
                true,
                "the bound of F + C - 1 entries and min(N, C) operations was checked for every row before it was timed, and that all"
                        + " three write the same bytes.");
        claim.found(
                mostBytes < 64,
                format(
                        "the cursor allocates %,.0f to %,.0f B a split: no node and no payload, but the gather lists of the operations.",
                        leastBytes, mostBytes));
        claim.words("Duplicating only what a member needs takes " + range(clone[0], clone[1])
                + " the cursor's time, and has no gather list yet; flattening " + range(flat[0], flat[1]) + ".");
        return claim;
    }

    private Score split(String variant, int fragments, int chunks, int members) {
        return scores.of(SplitBenchmark.class, variant, "fragments", fragments, "chunks", chunks, "members", members);
    }

    private static void widen(double[] range, double value) {
        range[0] = Math.min(range[0], value);
        range[1] = Math.max(range[1], value);
    }

    Claim order() {
        Claim claim = new Claim(
                "B3",
                "delay splitting, or split first",
                "4 MiB, chunks of 64 KiB, 4 members: 4 member operations against 64 children that nobody joins; split-then-merge comes to 4"
                        + " as well, but handles 64 objects on the way, more if the originals are small.");
        claim.head("originals", "strategy", "member operations", "objects handled", "time, allocated");
        boolean four = true;
        boolean fewer = true;
        StringBuilder slower = new StringBuilder();
        boolean dearer = true;
        for (int bytes : ORIGINAL_BYTES) {
            SplitOrderBenchmark counting = SplitOrderBenchmark.of(bytes);
            counting.mergeThenSplit();
            Work ours = counting.work();
            counting.splitThenMerge();
            Work first = counting.work();
            counting.splitOnly();
            Work only = counting.work();
            counting.close();
            requireAll(ours, first, only);
            double base = order("mergeThenSplit", bytes).nanos();
            row(claim, bytes, "merge, then split", ours, order("mergeThenSplit", bytes));
            row(claim, bytes, "split, then merge", first, order("splitThenMerge", bytes));
            row(claim, bytes, "split, no merge", only, order("splitOnly", bytes));
            four &= ours.memberOps() == 4 && first.memberOps() == 4;
            fewer &= ours.objects() < first.objects();
            double ratio = order("splitThenMerge", bytes).nanos() / base;
            dearer &= ratio >= EVEN;
            slower.append(slower.isEmpty() ? "" : ", ")
                    .append(times(ratio))
                    .append(" at ")
                    .append(size(bytes));
        }
        claim.words(
                "Objects handled: originals joined or children made, and the members' requests. Every variant fills the gather lists.");
        claim.found(
                four, "both orders come to 4 operations at every size; without joining it is a child for each piece.");
        claim.found(
                fewer,
                "fewer objects at every size of originals: where an original is no larger than a chunk, to cut it makes one child, and"
                        + " joining originals handles as many as joining children.");
        claim.found(
                dearer, "split-then-merge in times of our time: " + slower + " (held: a tenth slower at every size).");
        return claim;
    }

    private static void requireAll(Work... works) {
        for (Work work : works) {
            if (work.bytes() != SplitOrderBenchmark.TOTAL_BYTES) {
                throw new IllegalStateException("a strategy lost bytes: " + work);
            }
        }
    }

    private static void row(Claim claim, int bytes, String strategy, Work work, Score score) {
        claim.row(size(bytes), strategy, "" + work.memberOps(), "" + work.objects(), score.cell());
    }

    private Score order(String variant, int originalBytes) {
        return scores.of(SplitOrderBenchmark.class, variant, "originalBytes", originalBytes);
    }
}
