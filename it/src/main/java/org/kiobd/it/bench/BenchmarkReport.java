package org.kiobd.it.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.openjdk.jmh.profile.GCProfiler;
import org.openjdk.jmh.results.Result;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.ChainedOptionsBuilder;
import org.openjdk.jmh.runner.options.OptionsBuilder;

/**
 * Runs the benchmarks with JMH's allocation profiler and replaces their part of {@code docs/PERFORMANCE.md}. {@code it/bench-jmh}
 * starts it.
 */
public final class BenchmarkReport {
    private static final String BEGIN = "<!-- it/bench-jmh: begin -->\n";
    private static final String END = "<!-- it/bench-jmh: end -->\n";

    private BenchmarkReport() {}

    /**
     * Runs them.
     *
     * @param args the page to change, then, if it must be short, {@code --quick}
     */
    public static void main(String[] args) throws RunnerException, IOException {
        if (args.length == 0) {
            throw new IllegalArgumentException("usage: BenchmarkReport PAGE [--quick]");
        }
        boolean quick = List.of(args).contains("--quick");
        ChainedOptionsBuilder options = new OptionsBuilder()
                .include("org.kiobd.it.bench.(Merge|Split)Benchmark")
                .addProfiler(GCProfiler.class);
        if (quick) {
            options.warmupIterations(1).measurementIterations(1);
        }
        Collection<RunResult> results = new Runner(options.build()).run();
        StringBuilder section = new StringBuilder();
        section.append("Measured ")
                .append(LocalDate.now(java.time.ZoneId.systemDefault()))
                .append(" with JMH, `it/bench-jmh")
                .append(quick ? " --quick" : "")
                .append("`: ")
                .append(machine())
                .append(", Java ")
                .append(Runtime.version())
                .append(".\n\n### B1: merging K requests\n\n")
                .append("| K requests | fragments each | chain | grow array | copy all |\n|---|---|---|---|---|\n");
        rows(results, "MergeBenchmark", List.of("requests", "fragments"), List.of("chain", "growArray", "copyAll"))
                .forEach(section::append);
        section.append("\n### B2: splitting F fragments over C chunks on N members\n\n")
                .append("| F fragments | C chunks of 64 KiB | N members | cursor | duplicate chain | flatten |\n")
                .append("|---|---|---|---|---|---|\n");
        rows(
                        results,
                        "SplitBenchmark",
                        List.of("fragments", "chunks", "members"),
                        List.of("cursor", "duplicateChain", "flattenCopy"))
                .forEach(section::append);
        section.append("\nEach cell: time for the whole operation, bytes allocated by it.\n");
        replaceSection(Path.of(args[0]), section.toString());
    }

    private static List<String> rows(
            Collection<RunResult> results, String benchmark, List<String> parameters, List<String> variants) {
        Map<String, Map<String, String>> table = new TreeMap<>();
        for (RunResult result : results) {
            String name = result.getParams().getBenchmark();
            if (!name.contains("." + benchmark + ".")) {
                continue;
            }
            StringBuilder key = new StringBuilder();
            for (String parameter : parameters) {
                key.append(
                        String.format(Locale.ROOT, "| %6s ", result.getParams().getParam(parameter)));
            }
            table.computeIfAbsent(key.toString(), row -> new TreeMap<>())
                    .put(name.substring(name.lastIndexOf('.') + 1), cell(result));
        }
        List<String> rows = new ArrayList<>();
        table.forEach((key, cells) -> {
            StringBuilder row = new StringBuilder(key.replaceAll(" +", " "));
            variants.forEach(
                    variant -> row.append("| ").append(cells.get(variant)).append(' '));
            rows.add(row.append("|\n").toString());
        });
        return rows;
    }

    private static String cell(RunResult result) {
        Result<?> allocated = result.getSecondaryResults().get("gc.alloc.rate.norm");
        double nanos = result.getPrimaryResult().getScore();
        return String.format(
                Locale.ROOT, "%s, %,.0f B", nanos(nanos), allocated == null ? Double.NaN : allocated.getScore());
    }

    private static String nanos(double nanos) {
        return nanos < 10_000
                ? String.format(Locale.ROOT, "%.0f ns", nanos)
                : String.format(Locale.ROOT, "%,.1f us", nanos / 1000);
    }

    private static String machine() throws IOException {
        String model = Files.readAllLines(Path.of("/proc/cpuinfo")).stream()
                .filter(line -> line.startsWith("model name"))
                .map(line -> line.substring(line.indexOf(':') + 1).strip())
                .findFirst()
                .orElse("unknown CPU");
        return model + ", " + Runtime.getRuntime().availableProcessors() + " cores, Linux "
                + System.getProperty("os.version");
    }

    private static void replaceSection(Path page, String section) throws IOException {
        String text = Files.readString(page);
        int begin = text.indexOf(BEGIN);
        int end = text.indexOf(END);
        if (begin < 0 || end < begin) {
            throw new IOException("page=" + page + " has no section between " + BEGIN.strip() + " and " + END.strip());
        }
        Files.writeString(
                page, text.substring(0, begin + BEGIN.length()) + "\n" + section + "\n" + text.substring(end));
    }
}
