package org.kiobd.it.bench;

import java.util.Collection;
import java.util.Objects;
import org.openjdk.jmh.infra.BenchmarkParams;
import org.openjdk.jmh.results.Result;
import org.openjdk.jmh.results.RunResult;

/**
 * The results of JMH, by benchmark, variant and parameters. Each score is the best iteration's, because other load on the machine can only
 * add to it. Immutable.
 */
final class Scores {
    private final Collection<RunResult> results;

    /** Time and allocated bytes of one operation. */
    record Score(double nanos, double bytes) {
        String cell() {
            return Figures.nanos(nanos) + ", " + Figures.bytes(bytes);
        }
    }

    Scores(Collection<RunResult> results) {
        this.results = results;
    }

    /** Returns the score of {@code variant} whose parameters include {@code parameters}, given as alternating names and values. */
    Score of(Class<?> benchmark, String variant, Object... parameters) {
        for (RunResult result : results) {
            BenchmarkParams params = result.getParams();
            if (params.getBenchmark().equals(benchmark.getName() + "." + variant) && agrees(params, parameters)) {
                Result<?> allocated =
                        Objects.requireNonNull(result.getSecondaryResults().get("gc.alloc.rate.norm"));
                return new Score(
                        result.getPrimaryResult().getStatistics().getMin(),
                        allocated.getStatistics().getMin());
            }
        }
        throw new IllegalStateException("no result of " + benchmark.getSimpleName() + "." + variant + " "
                + java.util.Arrays.toString(parameters));
    }

    private static boolean agrees(BenchmarkParams params, Object... parameters) {
        for (int i = 0; i < parameters.length; i += 2) {
            if (!parameters[i + 1].toString().equals(params.getParam(parameters[i].toString()))) {
                return false;
            }
        }
        return true;
    }
}
