package org.kiobd.nbd.trace;

import static org.assertj.core.api.Assertions.assertThat;
import static org.kiobd.nbd.testkit.RawNbdClient.FLAG_FUA;
import static org.kiobd.nbd.testkit.RawNbdClient.FLUSH;
import static org.kiobd.nbd.testkit.RawNbdClient.READ;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.kiobd.nbd.Export;
import org.kiobd.nbd.NbdLimits;
import org.kiobd.nbd.testkit.MemoryDevice;
import org.kiobd.nbd.testkit.RawNbdClient;
import org.kiobd.nbd.testkit.RawNbdClient.Request;
import org.kiobd.nbd.testkit.RunningServer;
import org.kiobd.volume.IoError;
import org.kiobd.volume.loop.IoEngine;
import org.kiobd.volume.queue.MergeLimits;
import org.kiobd.volume.testkit.LeakCheck;

/** The lines that a server with a trace writes. */
@ExtendWith(LeakCheck.class)
@Timeout(60)
final class RequestTraceTest {
    private static final String[] STAGES = {"queuedMicros", "issuedMicros", "doneMicros", "repliedMicros"};

    @TempDir
    Path folder;

    private final MemoryDevice device = new MemoryDevice(1 << 20);

    private interface Session {
        void run(RawNbdClient client) throws Exception;
    }

    private List<Map<String, String>> trace(IoEngine engine, Session session) throws Exception {
        Path file = folder.resolve("trace.jsonl");
        try (RunningServer running = new RunningServer(engine, 1, new MemoryDevice(4096), NbdLimits.DEFAULT)) {
            RequestTrace trace = RequestTrace.open(file);
            running.exports().add(new Export("traced \"x\"", "", device, MergeLimits.DEFAULT, trace));
            URI unix = URI.create(running.unix().toString().replace("/memory", "/traced%20%22x%22"));
            try (RawNbdClient client = RawNbdClient.attach(unix)) {
                session.run(client);
            }
            running.server().close();
            trace.close();
        }
        List<Map<String, String>> lines = new ArrayList<>();
        for (String line : Files.readAllLines(file)) {
            lines.add(parse(line));
        }
        return lines;
    }

    /** Returns the members of a line as text; that of an array is its elements with spaces between. */
    private static Map<String, String> parse(String line) throws IOException {
        Map<String, String> fields = new LinkedHashMap<>();
        try (JsonParser json = new JsonFactory().createParser(line)) {
            assertThat(json.nextToken()).isEqualTo(JsonToken.START_OBJECT);
            while (json.nextToken() != JsonToken.END_OBJECT) {
                String name = json.currentName();
                if (json.nextToken() == JsonToken.START_ARRAY) {
                    List<String> elements = new ArrayList<>();
                    while (json.nextToken() != JsonToken.END_ARRAY) {
                        elements.add(json.getText());
                    }
                    fields.put(name, String.join(" ", elements));
                } else {
                    fields.put(name, json.getText());
                }
            }
            assertThat(json.nextToken()).as("one object a line").isNull();
        }
        return fields;
    }

    private static void assertStagesInOrder(Map<String, String> line) {
        List<Double> micros = new ArrayList<>();
        for (String stage : STAGES) {
            micros.add(Double.valueOf(line.get(stage)));
        }
        assertThat(micros).as(line.toString()).isSortedAccordingTo(Comparator.naturalOrder());
        assertThat(micros.get(0)).isNotNegative();
        assertThat(Duration.between(Instant.parse(line.get("time")), Instant.now())
                        .abs())
                .isLessThan(Duration.ofMinutes(5));
    }

    @ParameterizedTest
    @EnumSource(IoEngine.class)
    void aRequestHasALineWithItsStagesInOrder(IoEngine engine) throws Exception {
        List<Map<String, String>> lines = trace(engine, client -> {
            client.call(Request.write(1, 4096, new byte[8192]).withFlags(FLAG_FUA));
            client.call(Request.of(READ, 2, 512, 1024));
            client.call(Request.of(FLUSH, 3, 0, 0));
        });
        assertThat(lines).hasSize(3);
        assertThat(lines.get(0))
                .containsEntry("export", "traced \"x\"")
                .containsEntry("op", "WRITE")
                .containsEntry("flags", "FUA")
                .containsEntry("offsetBytes", "4096")
                .containsEntry("lengthBytes", "8192")
                .containsEntry("chain", "1")
                .containsEntry("members", "1 2")
                .containsEntry("part", "false")
                .containsEntry("error", "null");
        assertThat(lines.get(1))
                .containsEntry("op", "READ")
                .containsEntry("offsetBytes", "512")
                .containsEntry("flags", "");
        assertThat(lines.get(2)).containsEntry("op", "FLUSH").containsEntry("members", "");
        lines.forEach(RequestTraceTest::assertStagesInOrder);
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(folder.resolve("trace.jsonl"))))
                .isEqualTo("rw-------");
    }

    @Test
    void mergedRequestsHaveALineEachWithTheLengthOfTheirChain() throws Exception {
        List<Map<String, String>> lines = trace(IoEngine.EPOLL, client -> {
            device.stop();
            client.send(
                    Request.write(1, 0, new byte[4096]),
                    Request.write(2, 4096, new byte[4096]),
                    Request.write(3, 8192, new byte[4096]));
            // An answered READ beyond the end shows that the server has queued what was sent before it.
            client.call(Request.of(READ, 4, 1 << 20, 1));
            device.go();
            for (int i = 0; i < 3; i++) {
                client.readReply();
            }
        });
        assertThat(lines).hasSize(3).allSatisfy(line -> {
            assertThat(line).containsEntry("chain", "3").containsEntry("op", "WRITE");
            assertStagesInOrder(line);
        });
        assertThat(lines.stream().map(line -> line.get("offsetBytes"))).containsExactly("0", "4096", "8192");
    }

    @Test
    void aFailedRequestHasItsError() throws Exception {
        List<Map<String, String>> lines = trace(IoEngine.EPOLL, client -> {
            device.failWith(IoError.NO_SPACE);
            client.call(Request.write(1, 0, new byte[512]));
        });
        assertThat(lines).hasSize(1);
        assertThat(lines.get(0)).containsEntry("error", "NO_SPACE");
        assertStagesInOrder(lines.get(0));
    }

    @Test
    void aDroppedRequestWasNeverIssuedNorReplied() throws Exception {
        List<Map<String, String>> lines = trace(IoEngine.EPOLL, client -> {
            device.stop();
            client.send(Request.write(1, 0, new byte[512]));
            client.call(Request.of(READ, 4, 1 << 20, 1));
        });
        assertThat(lines).hasSize(1);
        assertThat(lines.get(0))
                .containsEntry("error", "DROPPED")
                .containsEntry("issuedMicros", "null")
                .containsEntry("repliedMicros", "null")
                .containsEntry("members", "");
    }

    @Test
    void linesAreAppended() throws Exception {
        Path file = folder.resolve("trace.jsonl");
        Files.writeString(file, "{}\n");
        List<Map<String, String>> lines = trace(IoEngine.EPOLL, client -> client.call(Request.of(READ, 1, 0, 512)));
        assertThat(lines).hasSize(2);
        assertThat(lines.get(0)).isEmpty();
    }

    @Test
    void aTraceThatCannotBeWrittenCostsNoRequest() throws Exception {
        try (RunningServer running = new RunningServer(IoEngine.EPOLL, 1, new MemoryDevice(4096), NbdLimits.DEFAULT);
                RequestTrace trace = RequestTrace.open(Path.of("/dev/full"))) {
            running.exports().add(new Export("traced", "", device, MergeLimits.DEFAULT, trace));
            URI unix = URI.create(running.unix().toString().replace("/memory", "/traced"));
            try (RawNbdClient client = RawNbdClient.attach(unix)) {
                for (int i = 0; i < 1000; i++) {
                    assertThat(client.call(Request.of(READ, i, 0, 512)).errno()).isZero();
                }
            }
        }
    }
}
