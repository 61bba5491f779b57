package org.kiobd.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** Formats a server's answer about its volume as text. */
final class LiveFigures {
    private LiveFigures() {}

    /** Returns the lines of {@code kiobd info}: totals, then tables of latencies, clients and members, if there are any. */
    static List<String> lines(Map<String, Object> live) {
        List<String> lines = new ArrayList<>();
        long requests = number(live, "requests");
        long memberOps = number(live, "memberOps");
        lines.add("engine   " + live.get("engine"));
        lines.add("cache    " + CacheLabel.of(live));
        lines.add("requests " + requests + " in " + number(live, "chains") + " chains and " + memberOps
                + " member operations"
                + (memberOps == 0 ? "" : String.format(Locale.ROOT, " (%.1f each)", (double) requests / memberOps)));
        lines.add("data     " + Sizes.format(number(live, "readBytes")) + " read, "
                + Sizes.format(number(live, "writtenBytes")) + " written");
        lines.add("errors   " + number(live, "failedRequests") + " failed, " + number(live, "refusedRequests")
                + " refused");
        lines.add("clients  " + number(live, "connections") + " now, " + number(live, "connectionsTotal") + " so far");
        addLatencies(live, lines);
        addClients(live, lines);
        addMembers(live, lines);
        return lines;
    }

    private static void addLatencies(Map<String, Object> live, List<String> lines) {
        List<List<String>> rows = new ArrayList<>();
        map(live.get("latency")).forEach((op, value) -> {
            Map<String, Object> one = map(value);
            rows.add(List.of(
                    op,
                    String.valueOf(number(one, "count")),
                    micros(one, "p50Micros"),
                    micros(one, "p99Micros"),
                    micros(one, "maxMicros")));
        });
        if (!rows.isEmpty()) {
            lines.add("");
            lines.add(Answers.table(List.of("LATENCY", "COUNT", "P50 us", "P99 us", "MAX us"), rows));
        }
    }

    private static void addMembers(Map<String, Object> live, List<String> lines) {
        List<List<String>> rows = new ArrayList<>();
        if (live.get("members") instanceof List<?> members) {
            for (Object member : members) {
                Map<String, Object> one = map(member);
                boolean database = one.containsKey("writeStops");
                rows.add(List.of(
                        String.valueOf(number(one, "member")),
                        String.valueOf(number(one, "ops")),
                        String.valueOf(number(one, "inFlight")),
                        String.valueOf(number(one, "maxInFlight")),
                        String.valueOf(number(one, "maxAgeMicros")),
                        String.valueOf(number(one, "errors")),
                        database ? number(one, "writeDelays") + "/" + number(one, "writeStops") : "-",
                        database ? String.valueOf(number(one, "damagedReads")) : "-"));
            }
        }
        if (!rows.isEmpty()) {
            lines.add("");
            lines.add(Answers.table(
                    List.of("MEMBER", "OPS", "IN FLIGHT", "MOST", "SLOWEST us", "ERRORS", "DELAYS/STOPS", "DAMAGED"),
                    rows));
        }
    }

    private static void addClients(Map<String, Object> live, List<String> lines) {
        List<List<String>> rows = new ArrayList<>();
        if (live.get("clients") instanceof List<?> clients) {
            for (Object client : clients) {
                Map<String, Object> one = map(client);
                String tls = String.valueOf(one.get("tls"));
                rows.add(List.of(
                        String.valueOf(one.get("peer")),
                        String.valueOf(one.get("headers")).toLowerCase(Locale.ROOT),
                        tls.isEmpty() ? "-" : tls,
                        String.valueOf(number(one, "requests")),
                        Sizes.format(number(one, "readBytes")),
                        Sizes.format(number(one, "writtenBytes")),
                        String.valueOf(number(one, "errors")),
                        String.valueOf(number(one, "inFlight")),
                        number(one, "idleMs") / 1000 + " s"));
            }
        }
        if (!rows.isEmpty()) {
            lines.add("");
            lines.add(Answers.table(
                    List.of("CLIENT", "HEADERS", "TLS", "REQUESTS", "READ", "WRITTEN", "ERRORS", "IN FLIGHT", "IDLE"),
                    rows));
        }
    }

    private static long number(Map<String, Object> json, String name) {
        return json.get(name) instanceof Number number ? number.longValue() : 0;
    }

    private static String micros(Map<String, Object> json, String name) {
        double micros = json.get(name) instanceof Number number ? number.doubleValue() : 0;
        return String.format(Locale.ROOT, micros < 100 ? "%.1f" : "%.0f", micros);
    }

    @SuppressWarnings("unchecked")
    private static Map<String, Object> map(@org.jspecify.annotations.Nullable Object json) {
        return json instanceof Map<?, ?> map ? (Map<String, Object>) map : Map.of();
    }
}
