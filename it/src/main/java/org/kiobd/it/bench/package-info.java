/**
 * What the design claims, measured: benchmarks ({@code ...Benchmark}, run by JMH) and programs hold the core against the ways not taken,
 * which are written as well as they deserve. {@link org.kiobd.it.bench.BenchmarkReport} runs them and puts each prediction beside what
 * was found.
 *
 * <p>Threads: one per benchmark. Not here: comparisons with other servers ({@code it/compare}).
 */
@NullMarked
package org.kiobd.it.bench;

import org.jspecify.annotations.NullMarked;
