package org.kiobd.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.jr.ob.JSON;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.kiobd.manage.figures.FiguresCodec;

/** The text of a served volume's figures. */
final class FiguresTextTest {
    private static final String ANSWER = """
            {"volume":"vol","requests":30,"chains":20,"memberOps":12,"readBytes":8192,"writtenBytes":1048576,
             "failedRequests":1,"refusedRequests":2,"connections":1,"connectionsTotal":3,"engine":"epoll","cache":"writeback",
             "refusedConnections":4,
             "latency":{"READ":{"count":9,"p50Micros":12.34,"p99Micros":99.96,"maxMicros":1234.5}},
             "clients":[{"peer":"unix","headers":"SIMPLE","tls":"","idleMs":2999,"requestsByCommand":{"NBD_CMD_READ":9},
                         "readBytes":4096,"writtenBytes":0,"errors":0,"inFlight":5}],
             "members":[{"member":0,"ops":7,"inFlight":1,"maxInFlight":2,"maxAgeMicros":3,"errors":0},
                        {"member":1,"ops":8,"inFlight":1,"maxInFlight":2,"maxAgeMicros":3,"errors":0,"writeDelays":4,
                         "writeStops":5,"writeStallCauses":{"memtables that are not flushed":9,"more":1},
                         "lastWriteStall":{"began":"2026-11-29T12:00:01.5Z","ms":250},"memoryBytes":6,"damagedReads":7},
                        {"member":2,"ops":9,"inFlight":1,"maxInFlight":2,"maxAgeMicros":3,"errors":0,"writeDelays":-1,
                         "writeStops":-1,"memoryBytes":-1,"damagedReads":7}]}
            """;

    private static List<String> lines(Map<String, Object> answer) {
        return String.join("\n", FiguresText.lines(FiguresCodec.decode(answer)))
                .lines()
                .toList();
    }

    @Test
    void totalsComeBeforeTables() throws IOException {
        assertThat(lines(JSON.std.mapFrom(ANSWER)))
                .containsExactly(
                        "engine   epoll",
                        "cache    writeback",
                        "requests 30 in 20 chains and 12 member operations (2.5 each)",
                        "data     8K read, 1M written",
                        "errors   1 failed, 2 refused",
                        "clients  1 now, 3 so far; the server refused 4 beyond its limits",
                        "",
                        "LATENCY  COUNT  P50 us  P99 us  MAX us",
                        "READ     9      12.3    100.0   1235",
                        "",
                        "CLIENT  HEADERS  TLS  REQUESTS  READ  WRITTEN  ERRORS  IN FLIGHT  IDLE",
                        "unix    simple   -    9         4K    0        0       5          2 s",
                        "",
                        "MEMBER  OPS  IN FLIGHT  MOST  SLOWEST us  ERRORS  DELAYS/STOPS  DAMAGED",
                        "0       7    1          2     3           0       -             -",
                        "1       8    1          2     3           0       4/5           7",
                        "2       9    1          2     3           0       -             7",
                        "member 1: writes were last slowed down or stopped at 2026-11-29T12:00:01Z, for 250 ms; so far by"
                                + " memtables that are not flushed (9), more (1)");
    }

    @Test
    void whatAnOlderServerDoesNotSayIsLeftOut() {
        assertThat(lines(Map.of("requests", 3)))
                .containsExactly(
                        "engine   -",
                        "cache    writeback",
                        "requests 3 in 0 chains and 0 member operations",
                        "data     0 read, 0 written",
                        "errors   0 failed, 0 refused",
                        "clients  0 now, 0 so far");
    }

    @Test
    void theEndOfAServerIsOneLine() throws IOException {
        assertThat(FiguresText.line(
                        FiguresCodec.decode(JSON.std.mapFrom(ANSWER)).totals()))
                .isEqualTo("vol: requests=30 chains=20 memberOps=12 read=8K written=1M failed=1");
    }
}
