package org.kiobd.manage.figures;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.jr.ob.JSON;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.kiobd.store.StoreFigures;
import org.kiobd.volume.DeviceCounters.MemberCounters;
import org.kiobd.volume.LatencyFigures;
import org.kiobd.volume.testkit.Seeded;

/** The JSON of the figures: its names are a promise to users, and command and server may be of different versions. */
final class FiguresCodecTest {
    private static final VolumeTotals TOTALS = new VolumeTotals(
            "vol",
            new RequestTotals(1, 2, 3, 4, 5, 6, 7, 8, 9),
            new ConnectionTotals(10, 11, 12),
            13,
            "io_uring",
            "none");

    private static final StoreFigures.WriteStalls STALLS = new StoreFigures.WriteStalls(
            57, 58, Map.of("memtables", 61L, "files", 62L), new StoreFigures.Stall(1_700_000_000_063L, 64));

    private static final VolumeFigures FIGURES = new VolumeFigures(
            TOTALS,
            Map.of("READ", new LatencyFigures(20, 21.5, 22.25, 12_345_678.5)),
            List.of(new ClientFigures(
                    "unix",
                    new ClientFigures.Session("EXTENDED", List.of("base:allocation"), "TLSv1.3"),
                    30,
                    31,
                    Map.of("NBD_CMD_READ", 32L),
                    33,
                    34,
                    35,
                    36)),
            List.of(
                    new MemberFigures(0, new MemberCounters(40, 41, 42, 43, 44), StoreFigures.NONE),
                    new MemberFigures(1, new MemberCounters(45, 46, 47, 48, 49), new StoreFigures.Direct(50, 51)),
                    new MemberFigures(
                            2, new MemberCounters(52, 53, 54, 55, 56), new StoreFigures.Database(STALLS, 59, 60))));

    private static final String TOTALS_JSON = """
            {"volume":"vol","requests":1,"chains":2,"memberOps":3,"submittedOps":4,"reissuedOps":5,"readBytes":6,\
            "writtenBytes":7,"failedRequests":8,"refusedRequests":9,"connections":10,"connectionsTotal":11,"sizeBytes":13,\
            "engine":"io_uring","cache":"none","refusedConnections":12""";

    private static final String JSON_TEXT = TOTALS_JSON + """
            ,"latency":{"READ":{"count":20,"p50Micros":21.5,"p99Micros":22.25,"maxMicros":1.23456785E7}},\
            "clients":[{"peer":"unix","headers":"EXTENDED","contexts":["base:allocation"],"tls":"TLSv1.3","ageMs":30,\
            "idleMs":31,"requests":32,"requestsByCommand":{"NBD_CMD_READ":32},"readBytes":33,"writtenBytes":34,"errors":35,\
            "inFlight":36}],\
            "members":[{"member":0,"ops":40,"inFlight":41,"maxInFlight":42,"maxAgeMicros":43,"errors":44},\
            {"member":1,"ops":45,"inFlight":46,"maxInFlight":47,"maxAgeMicros":48,"errors":49,"bouncedOps":50,\
            "patchedBlocks":51},\
            {"member":2,"ops":52,"inFlight":53,"maxInFlight":54,"maxAgeMicros":55,"errors":56,"writeDelays":57,\
            "writeStops":58,"writeStallCauses":{"files":62,"memtables":61},\
            "lastWriteStall":{"began":"2023-11-14T22:13:20.063Z","ms":64},"memoryBytes":59,"damagedReads":60}]}""";

    @Test
    void namesAndTheirOrderStayAsTheyAre() throws IOException {
        assertThat(JSON.std.asString(FiguresCodec.encode(FIGURES))).isEqualTo(JSON_TEXT);
        assertThat(JSON.std.asString(FiguresCodec.encode(TOTALS))).isEqualTo(TOTALS_JSON + "}");
    }

    @Test
    void whatIsEncodedIsDecodedAndPrintedTheSameWay() throws IOException {
        VolumeFigures decoded = FiguresCodec.decode(JSON.std.mapFrom(JSON_TEXT));
        assertThat(decoded).isEqualTo(FIGURES);
        assertThat(JSON.std.asString(FiguresCodec.encode(decoded))).isEqualTo(JSON_TEXT);
    }

    @Test
    void anOlderServerHasFewerFields() {
        VolumeFigures older = FiguresCodec.decode(Map.of(
                "volume",
                "vol",
                "requests",
                7,
                "members",
                List.of(Map.of("member", 3, "ops", 4)),
                "clients",
                List.of()));
        assertThat(older.totals().requests().requests()).isEqualTo(7);
        assertThat(older.totals().connections().refused()).isZero();
        assertThat(older.totals().engine()).isEmpty();
        assertThat(older.latencies()).isEmpty();
        assertThat(older.members())
                .containsExactly(new MemberFigures(3, new MemberCounters(4, 0, 0, 0, 0), StoreFigures.NONE));
        assertThat(FiguresCodec.decode(Map.of()).totals().volume()).isEmpty();
    }

    @Test
    void aNewerServerHasMoreFieldsAndTheyAreIgnored() throws IOException {
        String newer =
                JSON_TEXT.replace("{", "{\"later\":{\"a\":[1]},").replace("\"cache\":\"none\"", "\"cache\":\"new\"");
        VolumeFigures decoded = FiguresCodec.decode(JSON.std.mapFrom(newer));
        assertThat(decoded.totals().cache()).isEqualTo("new");
        assertThat(decoded.clients()).isEqualTo(FIGURES.clients());
        assertThat(decoded.members()).isEqualTo(FIGURES.members());
        assertThat(decoded.latencies())
                .containsEntry("READ", FIGURES.latencies().get("READ"));
    }

    @Seeded(rounds = 20)
    void fieldsThatAreMissingOrOfAnotherTypeMakeNoOtherFail(Random random) throws IOException {
        Map<String, Object> broken = damaged(JSON.std.mapFrom(JSON_TEXT), random);
        VolumeFigures decoded = FiguresCodec.decode(broken);
        assertThat(FiguresCodec.decode(FiguresCodec.encode(decoded))).isEqualTo(decoded);
        if (broken.get("requests") instanceof Integer requests) {
            assertThat(decoded.totals().requests().requests()).isEqualTo(requests.longValue());
        }
    }

    private static Map<String, Object> damaged(Map<String, Object> json, Random random) {
        Map<String, Object> result = new LinkedHashMap<>();
        json.forEach((name, value) -> {
            if (random.nextInt(8) != 0) {
                result.put(name, damaged(value, random));
            }
        });
        return result;
    }

    @SuppressWarnings("unchecked")
    private static @Nullable Object damaged(@Nullable Object value, Random random) {
        if (random.nextInt(8) == 0) {
            return Arrays.<@Nullable Object>asList(null, "text", 1.5, true, List.of(List.of()), Map.of("a", "b"))
                    .get(random.nextInt(6));
        }
        if (value instanceof Map<?, ?> map) {
            return damaged((Map<String, Object>) map, random);
        }
        if (value instanceof List<?> list) {
            List<@Nullable Object> result = new ArrayList<>();
            list.forEach(each -> result.add(damaged(each, random)));
            return result;
        }
        return value;
    }
}
