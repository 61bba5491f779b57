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
 * Runs the benchmarks, with JMH's allocation profiler, and the programs, and writes a report {@code DATE-core.md} with its plot: the
 * prediction of each claim, the result, and whether the two agree. {@code it/bench-jmh} starts it.
 */
public final class BenchmarkReport {
    private static final int QUICK_ITERATIONS = 4;
    private static final int QUICK_ITERATION_MS = 100;

    private BenchmarkReport() {}

    /**
     * Runs all benchmarks and programs.
     *
     * @param args the folder of the reports, and optionally {@code --quick} for a short run
     */
    public static void main(String[] args) throws RunnerException, IOException {
        if (args.length == 0) {
            throw new IllegalArgumentException("usage: BenchmarkReport FOLDER [--quick]");
        }
        Path folder = Path.of(args[0]);
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
        LocalDate today = LocalDate.now(ZoneId.systemDefault());
        String name = today + "-core";
        StringBuilder report = new StringBuilder(Figures.format(
                "# The core against the ways not taken%n%nMeasured %s with `it/bench-jmh%s`: %s, Java %s; load average before: %s. "
                        + "Times by JMH are those of the best iteration.%n",
                today, quick ? " --quick" : "", machine(), Runtime.version(), load));
        report.append("\n| | claim | result of the prediction |\n|---|---|---|\n");
        claims.forEach(claim -> report.append(claim.summary()));
        claims.forEach(claim -> report.append(claim.section()));
        Files.writeString(
                folder.resolve(name + ".md"), report.toString().replace(ProgramClaims.PLOT, name + "-sweep.svg"));
        Files.writeString(folder.resolve(name + "-sweep.svg"), sweep.plot());
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
}
