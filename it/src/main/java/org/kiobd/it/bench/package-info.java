/**
 * What the design claims, measured: {@link org.kiobd.it.bench.MergeBenchmark} and {@link org.kiobd.it.bench.SplitBenchmark} hold the core
 * against the ways not taken, which are written as well as they deserve. {@link org.kiobd.it.bench.BenchmarkReport} runs them.
 *
 * <p>Threads: one per benchmark. Not here: comparisons with other servers ({@code it/compare}).
 */
@NullMarked
package org.kiobd.it.bench;

import org.jspecify.annotations.NullMarked;
