package org.kiobd.it.bench;

import static org.kiobd.it.bench.Figures.bytes;
import static org.kiobd.it.bench.Figures.format;
import static org.kiobd.it.bench.Figures.nanos;
import static org.kiobd.it.bench.Figures.times;

import org.kiobd.it.bench.Scores.Score;
import org.kiobd.volume.BlockIoException;

/** The claims about requests, B4, B9 and B10: whether merging reduces the total cost, the cost of a request, and the cost of its completion. */
final class RequestClaims {
    private static final int[] STREAMS = {1, 2, 4, 8, 16, 0};
    private static final int[] PIECES = {1, 32, 256};
    private static final int[] INTERCEPTORS = {0, 1, 4};
    private static final int[] CHILDREN = {1, 4, 16, 64};
    private static final int COUNTED_BATCHES = 1000;
    private static final double EVEN = 1.1;

    private final Scores scores;

    RequestClaims(Scores scores) {
        this.scores = scores;
    }

    Claim mergingPays() throws BlockIoException {
        Claim claim = new Claim(
                "B4",
                "merging is worth it at all",
                "many originals a member operation for sequential 4 KiB, about one for random; what random requests pay for it is"
                        + " published.");
        claim.head("4 KiB writes", "originals a member operation", "merging on", "merging off", "on - off");
        double sequential = 0;
        double random = 0;
        for (int streams : STREAMS) {
            double ratio = MergeWorthBenchmark.mergeRatio(streams, true, COUNTED_BATCHES);
            sequential = streams == 1 ? ratio : sequential;
            random = streams == 0 ? ratio : random;
            Score on = request(streams, true);
            Score off = request(streams, false);
            claim.row(
                    streams == 0 ? "random" : streams == 1 ? "sequential" : streams + " streams in turn",
                    times(ratio),
                    on.cell(),
                    off.cell(),
                    format("%+.0f ns", on.nanos() - off.nanos()));
        }
        claim.words("A request, " + MergeWorthBenchmark.DEPTH
                + " to a turn of the loop, through the real queue, window and array to four"
                + " members in memory, where a member operation costs a copy and no call.");
        claim.found(
                sequential >= 8 && random < EVEN,
                "%s originals an operation for sequential requests (held: 8 or more), %s for random ones (held: below 1.1)."
                        .formatted(times(sequential), times(random)));
        double gain = request(1, false).nanos() / request(1, true).nanos();
        claim.found(
                gain >= EVEN,
                format(
                        "sequential requests take %s of the time merged that they take unmerged (held: a tenth less), over members that"
                                + " charge nothing for a call.",
                        times(1 / gain)));
        double overhead = request(0, true).nanos() - request(0, false).nanos();
        claim.found(
                request(0, true).nanos() < request(0, false).nanos() * EVEN,
                format(
                        "random requests pay %+.0f ns each for the search, %+.0f%% (held: less than a tenth).",
                        overhead, 100 * overhead / request(0, false).nanos()));
        return claim;
    }

    private Score request(int streams, boolean merging) {
        return scores.of(MergeWorthBenchmark.class, "batch", "streams", streams, "merging", merging);
    }

    Claim oneBigOrManySmall() {
        Claim claim = new Claim(
                "B9",
                "128 KiB as one object or as many",
                "each object costs something; a pre-built chain saves the look-up.");
        claim.head("requests", "made and ended only", "each for itself", "one by one, merged", "pre-built chain");
        for (int pieces : PIECES) {
            claim.row(
                    "" + pieces,
                    pieces("made", pieces).cell(),
                    pieces("unmerged", pieces).cell(),
                    pieces("oneByOne", pieces).cell(),
                    pieces("preBuilt", pieces).cell());
        }
        claim.words("The whole 128 KiB, through the real array to members that end at once: nothing is moved.");
        double perOriginal =
                (pieces("oneByOne", 256).nanos() - pieces("oneByOne", 1).nanos()) / 255;
        double made = (pieces("made", 256).nanos() - pieces("made", 1).nanos()) / 255;
        double preBuilt =
                (pieces("preBuilt", 256).nanos() - pieces("preBuilt", 1).nanos()) / 255;
        double unmerged =
                (pieces("unmerged", 256).nanos() - pieces("unmerged", 1).nanos()) / 255;
        claim.found(
                perOriginal > made,
                format(
                        "one more original costs %s: %s to make and end it, %s for the window, the cut and the count; for itself down to"
                                + " the members it costs %s.",
                        nanos(perOriginal), nanos(made), nanos(perOriginal - made), nanos(unmerged)));
        claim.found(
                pieces("preBuilt", 256).nanos() * EVEN < pieces("oneByOne", 256).nanos()
                        && pieces("preBuilt", 32).nanos() * EVEN
                                < pieces("oneByOne", 32).nanos(),
                format(
                        "the pre-built chain costs %s an original: %s of the time of 256 merged one by one, %s of 32 (held: a tenth less"
                                + " in both).",
                        nanos(preBuilt),
                        times(pieces("preBuilt", 256).nanos()
                                / pieces("oneByOne", 256).nanos()),
                        times(pieces("preBuilt", 32).nanos()
                                / pieces("oneByOne", 32).nanos())));
        return claim;
    }

    private Score pieces(String variant, int pieces) {
        return scores.of(ManySmallBenchmark.class, variant, "pieces", pieces);
    }

    Claim completion() {
        Claim claim = new Claim(
                "B10",
                "a clone and a counter are enough",
                "what is not used costs nothing; the plain counter allocates nothing, whatever the number of children.");
        claim.head("interceptors", "a completion, made and ended");
        for (int interceptors : INTERCEPTORS) {
            claim.row("" + interceptors, intercepted(interceptors).cell());
        }
        claim.head("children", "counter", "compound ALL", "CompletableFuture.allOf");
        for (int children : CHILDREN) {
            claim.row(
                    "" + children,
                    join("counter", children).cell(),
                    join("compound", children).cell(),
                    join("futures", children).cell());
        }
        claim.words(
                "The counter's bytes are the request itself, which has to be made anyway. It takes %s of the time of the JDK's futures for 1 child, %s for 64."
                        .formatted(
                                times(join("counter", 1).nanos()
                                        / join("futures", 1).nanos()),
                                times(join("counter", 64).nanos()
                                        / join("futures", 64).nanos())));
        double grown = join("counter", 64).bytes() - join("counter", 1).bytes();
        claim.found(
                Math.abs(grown) < 1,
                format(
                        "64 children allocate %.0f B more than one, and cost %.1f ns each (compound: %.0f B and %.1f ns).",
                        Math.abs(grown),
                        perChild("counter"),
                        (join("compound", 64).bytes() - join("compound", 1).bytes()) / 63,
                        perChild("compound")));
        claim.found(
                intercepted(0).bytes() <= join("counter", 1).bytes(),
                "a completion without interceptors is one object of %s; the first interceptor adds %s and %s."
                        .formatted(
                                bytes(intercepted(0).bytes()),
                                bytes(intercepted(1).bytes() - intercepted(0).bytes()),
                                nanos(intercepted(1).nanos() - intercepted(0).nanos())));
        return claim;
    }

    private Score intercepted(int interceptors) {
        return scores.of(InterceptorBenchmark.class, "complete", "interceptors", interceptors);
    }

    private Score join(String variant, int children) {
        return scores.of(JoinBenchmark.class, variant, "children", children);
    }

    private double perChild(String variant) {
        return (join(variant, 64).nanos() - join(variant, 1).nanos()) / 63;
    }
}
