package org.kiobd.cli;

import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import org.kiobd.manage.figures.ClientFigures;
import org.kiobd.manage.figures.ConnectionTotals;
import org.kiobd.manage.figures.MemberFigures;
import org.kiobd.manage.figures.RequestTotals;
import org.kiobd.manage.figures.VolumeFigures;
import org.kiobd.manage.figures.VolumeTotals;
import org.kiobd.store.StoreFigures;
import org.kiobd.volume.LatencyFigures;

/** Formats the figures of a served volume as text. Stateless. */
final class FiguresText {
    private static final String UNKNOWN = "-";

    private FiguresText() {}

    /** Returns the most important totals in one line, which a server prints at its end. */
    static String line(VolumeTotals totals) {
        RequestTotals requests = totals.requests();
        return totals.volume() + ": requests=" + requests.requests() + " chains=" + requests.chains() + " memberOps="
                + requests.memberOps() + " read=" + Sizes.format(requests.readBytes()) + " written="
                + Sizes.format(requests.writtenBytes()) + " failed=" + requests.failedRequests();
    }

    /** Returns the lines of {@code kiobd info}: totals, then tables of latencies, clients and members, if there are any. */
    static List<String> lines(VolumeFigures figures) {
        List<String> lines = new ArrayList<>();
        RequestTotals requests = figures.totals().requests();
        String engine = figures.totals().engine();
        lines.add("engine   " + (engine.isEmpty() ? UNKNOWN : engine));
        lines.add("cache    " + CacheLabel.of(figures));
        lines.add("requests " + requests.requests() + " in " + requests.chains() + " chains and "
                + requests.memberOps() + " member operations"
                + (requests.memberOps() == 0
                        ? ""
                        : String.format(
                                Locale.ROOT, " (%.1f each)", (double) requests.requests() / requests.memberOps())));
        lines.add("data     " + Sizes.format(requests.readBytes()) + " read, " + Sizes.format(requests.writtenBytes())
                + " written");
        lines.add("errors   " + requests.failedRequests() + " failed, " + requests.refusedRequests() + " refused");
        lines.add("clients  " + clients(figures.totals().connections()));
        addTable(
                lines,
                List.of("LATENCY", "COUNT", "P50 us", "P99 us", "MAX us"),
                figures.latencies().entrySet().stream()
                        .map(latency -> row(latency.getKey(), latency.getValue()))
                        .toList());
        addTable(
                lines,
                List.of("CLIENT", "HEADERS", "TLS", "REQUESTS", "READ", "WRITTEN", "ERRORS", "IN FLIGHT", "IDLE"),
                figures.clients().stream().map(FiguresText::row).toList());
        addTable(
                lines,
                List.of("MEMBER", "OPS", "IN FLIGHT", "MOST", "SLOWEST us", "ERRORS", "DELAYS/STOPS", "DAMAGED"),
                figures.members().stream().map(FiguresText::row).toList());
        figures.members().forEach(member -> addStalls(lines, member));
        return lines;
    }

    /** Adds a line that says when a member last slowed down or stopped writes, if it has, and the reasons so far. */
    private static void addStalls(List<String> lines, MemberFigures member) {
        if (!(member.store() instanceof StoreFigures.Database database)) {
            return;
        }
        StoreFigures.Stall last = database.stalls().last();
        if (last != null) {
            Instant began = Instant.ofEpochMilli(last.beganMs()).truncatedTo(ChronoUnit.SECONDS);
            lines.add("member " + member.member() + ": writes were last slowed down or stopped at " + began + ", for "
                    + last.lengthMs() + " ms" + reasons(database.stalls().causes()));
        }
    }

    private static String reasons(Map<String, Long> causes) {
        return causes.isEmpty()
                ? ""
                : causes.entrySet().stream()
                        .map(cause -> cause.getKey() + " (" + cause.getValue() + ")")
                        .collect(Collectors.joining(", ", "; so far by ", ""));
    }

    private static void addTable(List<String> lines, List<String> head, List<List<String>> rows) {
        if (!rows.isEmpty()) {
            lines.add("");
            lines.add(Answers.table(head, rows));
        }
    }

    private static String clients(ConnectionTotals connections) {
        return connections.now() + " now, " + connections.total() + " so far"
                + (connections.refused() == 0
                        ? ""
                        : "; the server refused " + connections.refused() + " beyond its limits");
    }

    private static List<String> row(String op, LatencyFigures latency) {
        return List.of(
                op,
                String.valueOf(latency.count()),
                micros(latency.p50Micros()),
                micros(latency.p99Micros()),
                micros(latency.maxMicros()));
    }

    private static String micros(double micros) {
        return String.format(Locale.ROOT, micros < 100 ? "%.1f" : "%.0f", micros);
    }

    private static List<String> row(ClientFigures client) {
        return List.of(
                client.peer(),
                client.session().headers().toLowerCase(Locale.ROOT),
                client.session().tls().isEmpty() ? "-" : client.session().tls(),
                String.valueOf(client.requestsTotal()),
                Sizes.format(client.readBytes()),
                Sizes.format(client.writtenBytes()),
                String.valueOf(client.errors()),
                String.valueOf(client.inFlight()),
                client.idleMs() / 1000 + " s");
    }

    private static List<String> row(MemberFigures member) {
        StoreFigures.Database database = member.store() instanceof StoreFigures.Database it ? it : null;
        return List.of(
                String.valueOf(member.member()),
                String.valueOf(member.counters().ops()),
                String.valueOf(member.counters().inFlight()),
                String.valueOf(member.counters().maxInFlight()),
                String.valueOf(member.counters().maxAgeMicros()),
                String.valueOf(member.counters().errors()),
                database == null || database.stalls().stops() < 0
                        ? UNKNOWN
                        : database.stalls().delays() + "/" + database.stalls().stops(),
                database == null ? UNKNOWN : String.valueOf(database.damagedReads()));
    }
}
