package org.kiobd.manage.figures;

import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.kiobd.store.StoreFigures;
import org.kiobd.volume.DeviceCounters.MemberCounters;
import org.kiobd.volume.LatencyFigures;

/**
 * Turns figures into JSON objects and back. Users and the control protocol see the same names, in the same order; a new name is added after the
 * others of its object. Command and server may be of different versions: a field that is missing or of another type is read as 0 or as
 * empty, and a field that this version does not know is ignored. Stateless.
 *
 * <pre>
 *   volume, requests ... cache, refusedConnections    the totals
 *   latency   { READ: { count, p50Micros, p99Micros, maxMicros }, ... }
 *   clients   [ { peer, headers, contexts, tls, ageMs ... }, ... ]
 *   members   [ { member, ops, inFlight ..., and the figures of its kind of store }, ... ]
 * </pre>
 */
public final class FiguresCodec {
    private FiguresCodec() {}

    /** Returns the JSON object of all figures. */
    public static Map<String, Object> encode(VolumeFigures figures) {
        Map<String, Object> json = encode(figures.totals());
        Map<String, Object> latencies = new LinkedHashMap<>();
        figures.latencies().forEach((op, latency) -> latencies.put(op, encode(latency)));
        json.put("latency", latencies);
        json.put("clients", figures.clients().stream().map(FiguresCodec::encode).toList());
        json.put("members", figures.members().stream().map(FiguresCodec::encode).toList());
        return json;
    }

    /** Returns the JSON object of the totals alone. */
    public static Map<String, Object> encode(VolumeTotals totals) {
        RequestTotals requests = totals.requests();
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("volume", totals.volume());
        json.put("requests", requests.requests());
        json.put("chains", requests.chains());
        json.put("memberOps", requests.memberOps());
        json.put("submittedOps", requests.submittedOps());
        json.put("reissuedOps", requests.reissuedOps());
        json.put("readBytes", requests.readBytes());
        json.put("writtenBytes", requests.writtenBytes());
        json.put("failedRequests", requests.failedRequests());
        json.put("refusedRequests", requests.refusedRequests());
        json.put("connections", totals.connections().now());
        json.put("connectionsTotal", totals.connections().total());
        json.put("sizeBytes", totals.sizeBytes());
        json.put("engine", totals.engine());
        json.put("cache", totals.cache());
        json.put("refusedConnections", totals.connections().refused());
        return json;
    }

    private static Map<String, Object> encode(LatencyFigures latency) {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("count", latency.count());
        json.put("p50Micros", latency.p50Micros());
        json.put("p99Micros", latency.p99Micros());
        json.put("maxMicros", latency.maxMicros());
        return json;
    }

    private static Map<String, Object> encode(ClientFigures client) {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("peer", client.peer());
        json.put("headers", client.session().headers());
        json.put("contexts", client.session().contexts());
        json.put("tls", client.session().tls());
        json.put("ageMs", client.ageMs());
        json.put("idleMs", client.idleMs());
        json.put("requests", client.requestsTotal());
        json.put("requestsByCommand", client.requests());
        json.put("readBytes", client.readBytes());
        json.put("writtenBytes", client.writtenBytes());
        json.put("errors", client.errors());
        json.put("inFlight", client.inFlight());
        return json;
    }

    private static Map<String, Object> encode(MemberFigures member) {
        MemberCounters counters = member.counters();
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("member", member.member());
        json.put("ops", counters.ops());
        json.put("inFlight", counters.inFlight());
        json.put("maxInFlight", counters.maxInFlight());
        json.put("maxAgeMicros", counters.maxAgeMicros());
        json.put("errors", counters.errors());
        if (member.store() instanceof StoreFigures.Direct direct) {
            json.put("bouncedOps", direct.bouncedOps());
            json.put("patchedBlocks", direct.patchedBlocks());
        } else if (member.store() instanceof StoreFigures.Database database) {
            encode(database.stalls(), json);
            json.put("memoryBytes", database.memoryBytes());
            json.put("damagedReads", database.damagedReads());
        }
        return json;
    }

    private static void encode(StoreFigures.WriteStalls stalls, Map<String, Object> json) {
        json.put("writeDelays", stalls.delays());
        json.put("writeStops", stalls.stops());
        if (!stalls.causes().isEmpty()) {
            json.put("writeStallCauses", stalls.causes());
        }
        StoreFigures.Stall last = stalls.last();
        if (last != null) {
            Map<String, Object> told = new LinkedHashMap<>();
            told.put("began", Instant.ofEpochMilli(last.beganMs()).toString());
            told.put("ms", last.lengthMs());
            json.put("lastWriteStall", told);
        }
    }

    /** Returns the figures of a JSON object, whatever it lacks. */
    public static VolumeFigures decode(Map<?, ?> object) {
        Fields json = new Fields(object);
        Map<String, LatencyFigures> latencies = new LinkedHashMap<>();
        json.object("latency").map().forEach((op, latency) -> {
            if (latency instanceof Map<?, ?> one) {
                latencies.put(String.valueOf(op), latency(new Fields(one)));
            }
        });
        return new VolumeFigures(
                totals(json),
                latencies,
                json.objects("clients").stream().map(FiguresCodec::client).toList(),
                json.objects("members").stream().map(FiguresCodec::member).toList());
    }

    private static VolumeTotals totals(Fields json) {
        RequestTotals requests = new RequestTotals(
                json.number("requests"),
                json.number("chains"),
                json.number("memberOps"),
                json.number("submittedOps"),
                json.number("reissuedOps"),
                json.number("readBytes"),
                json.number("writtenBytes"),
                json.number("failedRequests"),
                json.number("refusedRequests"));
        ConnectionTotals connections = new ConnectionTotals(
                json.number("connections"), json.number("connectionsTotal"), json.number("refusedConnections"));
        return new VolumeTotals(
                json.text("volume"),
                requests,
                connections,
                json.number("sizeBytes"),
                json.text("engine"),
                json.text("cache"));
    }

    private static LatencyFigures latency(Fields json) {
        return new LatencyFigures(
                json.number("count"), json.real("p50Micros"), json.real("p99Micros"), json.real("maxMicros"));
    }

    private static ClientFigures client(Fields json) {
        Map<String, Long> requests = new LinkedHashMap<>();
        json.object("requestsByCommand").map().forEach((command, count) -> {
            if (count instanceof Number number) {
                requests.put(String.valueOf(command), number.longValue());
            }
        });
        return new ClientFigures(
                json.text("peer"),
                new ClientFigures.Session(json.text("headers"), json.texts("contexts"), json.text("tls")),
                json.number("ageMs"),
                json.number("idleMs"),
                requests,
                json.number("readBytes"),
                json.number("writtenBytes"),
                json.number("errors"),
                json.number("inFlight"));
    }

    private static MemberFigures member(Fields json) {
        MemberCounters counters = new MemberCounters(
                json.number("ops"),
                json.number("inFlight"),
                json.number("maxInFlight"),
                json.number("maxAgeMicros"),
                json.number("errors"));
        return new MemberFigures((int) json.number("member"), counters, store(json));
    }

    private static StoreFigures store(Fields json) {
        if (json.has("writeStops")) {
            return new StoreFigures.Database(stalls(json), json.number("memoryBytes"), json.number("damagedReads"));
        }
        return json.has("bouncedOps")
                ? new StoreFigures.Direct(json.number("bouncedOps"), json.number("patchedBlocks"))
                : StoreFigures.NONE;
    }

    private static StoreFigures.WriteStalls stalls(Fields json) {
        Map<String, Long> counts = new TreeMap<>();
        json.object("writeStallCauses").map().forEach((cause, times) -> {
            if (times instanceof Number number) {
                counts.put(String.valueOf(cause), number.longValue());
            }
        });
        Fields last = json.object("lastWriteStall");
        StoreFigures.Stall stall = null;
        try {
            if (!last.text("began").isEmpty()) {
                stall = new StoreFigures.Stall(Instant.parse(last.text("began")).toEpochMilli(), last.number("ms"));
            }
        } catch (DateTimeParseException | ArithmeticException e) {
            // Another version writes it in another way.
        }
        return new StoreFigures.WriteStalls(json.number("writeDelays"), json.number("writeStops"), counts, stall);
    }

    /** A JSON object whose fields may be missing or of another type. */
    private record Fields(Map<?, ?> map) {
        boolean has(String name) {
            return map.containsKey(name);
        }

        long number(String name) {
            return map.get(name) instanceof Number number ? number.longValue() : 0;
        }

        double real(String name) {
            return map.get(name) instanceof Number number ? number.doubleValue() : 0;
        }

        String text(String name) {
            return map.get(name) instanceof String text ? text : "";
        }

        List<String> texts(String name) {
            return list(name).stream()
                    .filter(String.class::isInstance)
                    .map(String.class::cast)
                    .toList();
        }

        Fields object(String name) {
            return new Fields(map.get(name) instanceof Map<?, ?> object ? object : Map.of());
        }

        List<Fields> objects(String name) {
            List<Fields> objects = new ArrayList<>();
            for (Object each : list(name)) {
                if (each instanceof Map<?, ?> object) {
                    objects.add(new Fields(object));
                }
            }
            return objects;
        }

        private List<? extends @Nullable Object> list(String name) {
            return map.get(name) instanceof List<?> list ? list : List.of();
        }
    }
}
