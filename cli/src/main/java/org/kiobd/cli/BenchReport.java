package org.kiobd.cli;

import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.kiobd.cli.bench.LoadFigures;
import org.kiobd.cli.bench.LoadOutcome;
import org.kiobd.cli.bench.LoadPlan;
import org.kiobd.cli.bench.LoadRun;
import org.kiobd.nbd.client.NbdException;
import org.kiobd.nbd.client.NbdUri;

/** Prints the results of {@code kiobd bench}, as text or as JSON. Immutable. */
final class BenchReport {
    private static final int MS_PER_S = 1000;
    private static final double[] PERCENTILES = {50, 90, 99, 99.9, 100};
    private static final String[] PERCENTILE_NAMES = {"p50", "p90", "p99", "p99.9", "max"};

    private final NbdUri uri;
    private final String pattern;
    private final LoadPlan plan;

    /** @param pattern order and mix of the plan, in one word */
    BenchReport(NbdUri uri, String pattern, LoadPlan plan) {
        this.uri = uri;
        this.pattern = pattern;
        this.plan = plan;
    }

    /**
     * Prints the report.
     *
     * @return the exit code
     */
    int answer(CommonOptions common, LoadRun.Result result) {
        LoadOutcome outcome = result.outcome();
        List<List<String>> rows = new ArrayList<>();
        Map<String, Object> json = json();
        long requests = 0;
        Map<String, LoadFigures> all = new LinkedHashMap<>();
        all.put("read", outcome.reads());
        all.put("write", outcome.writes());
        all.put("flush", outcome.flushes());
        for (Map.Entry<String, LoadFigures> one : all.entrySet()) {
            LoadFigures figures = one.getValue();
            if (figures.requests() > 0) {
                long bytes = one.getKey().equals("flush") ? 0 : plan.blockBytes();
                rows.add(row(one.getKey(), figures, bytes));
                json.put(one.getKey(), json(figures, bytes));
                requests += figures.requests();
            }
        }
        double cpuUs = result.cpuNanos() / 1e3 / Math.max(1, requests);
        json.put("clientCpuUsPerRequest", cpuUs);
        json.put("answeredRequests", result.answered());
        json.put("errors", outcome.errors());
        json.put("wrongBlocks", outcome.wrongBlocks());
        List<String> head = new ArrayList<>(List.of("", "requests/s", "MiB/s", "mean us"));
        for (String name : PERCENTILE_NAMES) {
            head.add(name + " us");
        }
        List<String> lines = new ArrayList<>(List.of(title(), Answers.table(head, rows)));
        lines.add(String.format(Locale.ROOT, "client CPU: %.2f us per request; seed=%d", cpuUs, plan.seed()));
        NbdException first = outcome.firstError();
        if (first != null) {
            lines.add(outcome.errors() + " requests failed; the first: " + first.getMessage());
            json.put("firstError", first.getMessage());
        }
        if (plan.verify()) {
            lines.add(verdict(outcome));
        }
        common.answer(String.join("\n", lines), json);
        return outcome.wrongBlocks() > 0 ? ExitCode.DAMAGE : first == null ? ExitCode.OK : ExitCode.FAILED;
    }

    private static String verdict(LoadOutcome outcome) {
        if (outcome.wrongBlocks() > 0) {
            return outcome.wrongBlocks() + " blocks do not hold what was written to them; the first differs at offset="
                    + outcome.firstWrongBytes();
        }
        return outcome.errors() == 0
                ? "everything that was written was read again and is right"
                : "what was read again is right, but requests failed, so not everything was written";
    }

    private String title() {
        return String.format(
                Locale.ROOT,
                "%s: %s%s of %s, %d at a time on %d connection%s, %s s",
                uri,
                pattern,
                plan.durability().fua() ? " (FUA)" : "",
                Sizes.format(plan.blockBytes()),
                plan.depth(),
                plan.connections(),
                plan.connections() == 1 ? "" : "s",
                BigDecimal.valueOf(plan.time().runMs(), 3).stripTrailingZeros().toPlainString());
    }

    private double perSecond(LoadFigures figures) {
        return figures.requests() * (double) MS_PER_S / plan.time().runMs();
    }

    private static double us(double nanos) {
        return nanos / TimeUnit.MICROSECONDS.toNanos(1);
    }

    private List<String> row(String name, LoadFigures figures, long bytes) {
        double rate = perSecond(figures);
        List<String> row = new ArrayList<>(List.of(
                name,
                String.format(Locale.ROOT, "%.0f", rate),
                String.format(Locale.ROOT, "%.1f", rate * bytes / (1 << 20)),
                String.format(Locale.ROOT, "%.1f", us(figures.meanNanos()))));
        for (double percentile : PERCENTILES) {
            row.add(String.format(Locale.ROOT, "%.1f", us((double) figures.latencyNanos(percentile))));
        }
        return row;
    }

    private Map<String, Object> json() {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("uri", uri.toString());
        json.put("rw", pattern);
        json.put("order", plan.order().toString().toLowerCase(Locale.ROOT));
        json.put("readPercent", plan.readPercent());
        json.put("blockBytes", plan.blockBytes());
        json.put("depth", plan.depth());
        json.put("connections", plan.connections());
        json.put("runMs", plan.time().runMs());
        json.put("fua", plan.durability().fua());
        json.put("seed", plan.seed());
        return json;
    }

    private Map<String, Object> json(LoadFigures figures, long bytes) {
        Map<String, Object> json = new LinkedHashMap<>();
        double rate = perSecond(figures);
        json.put("requests", figures.requests());
        json.put("requestsPerSecond", rate);
        json.put("bytesPerSecond", rate * bytes);
        Map<String, Object> latency = new LinkedHashMap<>();
        latency.put("mean", us(figures.meanNanos()));
        for (int i = 0; i < PERCENTILES.length; i++) {
            latency.put(PERCENTILE_NAMES[i], us((double) figures.latencyNanos(PERCENTILES[i])));
        }
        json.put("latencyUs", latency);
        return json;
    }
}
