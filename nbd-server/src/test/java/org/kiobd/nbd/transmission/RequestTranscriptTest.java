package org.kiobd.nbd.transmission;

import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.extension.ExtendWith;
import org.kiobd.nbd.HeaderStyle;
import org.kiobd.nbd.NbdLimits;
import org.kiobd.nbd.testkit.MemoryDevice;
import org.kiobd.nbd.testkit.Transcript;
import org.kiobd.nbd.testkit.Transcript.Cutter;
import org.kiobd.volume.DeviceInfo;
import org.kiobd.volume.kiobuf.PagePool;
import org.kiobd.volume.testkit.LeakCheck;

/** Every command, and every way to get one wrong, with every kind of headers, whole and byte by byte. */
@Tag("one-lane")
@ExtendWith(LeakCheck.class)
final class RequestTranscriptTest {
    private static final int SIZE = 1 << 20;

    /** What these ask is right, or says something else, with other headers than the compact ones: {@link ChunkReplyTest} has them. */
    private static final Map<HeaderStyle, Predicate<String>> OTHERWISE = Map.of(
            HeaderStyle.SIMPLE, name -> false,
            HeaderStyle.STRUCTURED, name -> name.startsWith("df-"),
            HeaderStyle.EXTENDED, name -> name.matches("(df-|magic-|flag-payload-len-|flag-0x20-|flush-with-range).*"));

    private static void play(Path file, HeaderStyle style, Cutter cutter) {
        boolean readOnly = file.getFileName().toString().startsWith("readonly-");
        MemoryDevice device = new MemoryDevice(DeviceInfo.of("memory", new UUID(0, 0), readOnly), SIZE, SIZE);
        PagePool pool = new PagePool(80L << 20, NbdLimits.DEFAULT.maxConnections());
        try (ServedChannel served = new ServedChannel(device, pool, NbdLimits.DEFAULT, style, List.of())) {
            new Transcript(file, served.channel(), () -> null, style).play(cutter);
        }
    }

    private static Stream<DynamicTest> all(Cutter cutter) {
        return Arrays.stream(HeaderStyle.values())
                .flatMap(style -> Transcript.all("requests")
                        .filter(file -> !Objects.requireNonNull(OTHERWISE.get(style))
                                .test(file.getFileName().toString()))
                        .map(file -> dynamicTest(style + " " + file.getFileName(), () -> play(file, style, cutter))));
    }

    @TestFactory
    Stream<DynamicTest> whole() {
        return all(Cutter::whole);
    }

    @TestFactory
    Stream<DynamicTest> oneByteAtATime() {
        return all(Cutter::singly);
    }
}
