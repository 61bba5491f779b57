/**
 * Measurements of the claims of the design: benchmarks ({@code ...Benchmark}, run by JMH) and programs compare the core with the
 * rejected alternatives, which are implemented with the same care. {@link org.kiobd.it.bench.BenchmarkReport} runs them and reports each
 * prediction with its result.
 *
 * <p>Threads: one per benchmark. Not here: comparisons with other servers ({@code it/bench}).
 */
@NullMarked
package org.kiobd.it.bench;

import org.jspecify.annotations.NullMarked;
