package org.kiobd.it.bench;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.time.ZoneId;
import java.util.List;
import org.openjdk.jmh.profile.GCProfiler;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.ChainedOptionsBuilder;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;

/**
 * Runs the benchmarks, with JMH's allocation profiler, and the programs, and replaces their section in {@code docs/PERFORMANCE.md}: the
 * prediction of each claim, the result, and whether the two agree. {@code it/bench-jmh} starts it.
 */
public final class BenchmarkReport {
    private static final String BEGIN = "<!-- it/bench-jmh: begin -->\n";
    private static final String END = "<!-- it/bench-jmh: end -->\n";

    private static final int QUICK_ITERATIONS = 4;
    private static final int QUICK_ITERATION_MS = 100;

    private BenchmarkReport() {}

    /**
     * Runs all benchmarks and programs.
     *
     * @param args the page to change, and optionally {@code --quick} for a short run
     */
    public static void main(String[] args) throws RunnerException, IOException {
        if (args.length == 0) {
            throw new IllegalArgumentException("usage: BenchmarkReport PAGE [--quick]");
        }
        Path page = Path.of(args[0]);
        boolean quick = List.of(args).contains("--quick");
        String load = load();
        // The programs run first, because only they can fail.
        ProgramClaims programs = new ProgramClaims(quick);
        Claim copies = programs.copies();
        Claim independence = programs.independence();
        Claim blastRadius = programs.blastRadius();
        Claim vectorSize = programs.vectorSize();
        ProgramClaims.Sweep sweep = programs.sweep();
        Scores scores = measured(quick);
        ChainClaims chains = new ChainClaims(scores);
        RequestClaims requests = new RequestClaims(scores);
        List<Claim> claims = List.of(
                chains.merging(),
                chains.splitting(),
                chains.order(),
                requests.mergingPays(),
                copies,
                independence,
                blastRadius,
                vectorSize,
                requests.oneBigOrManySmall(),
                requests.completion(),
                sweep.claim());
        StringBuilder section = new StringBuilder(Figures.format(
                "Measured %s with `it/bench-jmh%s`: %s, Java %s; load average before: %s. Times by JMH are those of the best iteration.%n",
                LocalDate.now(ZoneId.systemDefault()), quick ? " --quick" : "", machine(), Runtime.version(), load));
        section.append("\n| | claim | what came of the prediction |\n|---|---|---|\n");
        claims.forEach(claim -> section.append(claim.summary()));
        claims.forEach(claim -> section.append(claim.section()));
        replaceSection(page, section.toString());
        Path plots = page.resolveSibling("performance");
        Files.createDirectories(plots);
        Files.writeString(plots.resolve("core-sweep.svg"), sweep.plot());
    }

    private static Scores measured(boolean quick) throws RunnerException {
        ChainedOptionsBuilder options = new OptionsBuilder()
                .include("org\\.kiobd\\.it\\.bench\\..*Benchmark\\.")
                .addProfiler(GCProfiler.class);
        if (quick) {
            options.warmupIterations(1)
                    .measurementIterations(QUICK_ITERATIONS)
                    .measurementTime(TimeValue.milliseconds(QUICK_ITERATION_MS));
        }
        return new Scores(new Runner(options.build()).run());
    }

    private static String load() {
        return Figures.format(
                "%.1f", ManagementFactory.getOperatingSystemMXBean().getSystemLoadAverage());
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
