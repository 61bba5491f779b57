package org.kiobd.nbd.transmission;

import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import java.nio.file.Path;
import java.util.UUID;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.extension.ExtendWith;
import org.kiobd.nbd.NbdLimits;
import org.kiobd.nbd.testkit.MemoryDevice;
import org.kiobd.nbd.testkit.Transcript;
import org.kiobd.nbd.testkit.Transcript.Cutter;
import org.kiobd.volume.DeviceInfo;
import org.kiobd.volume.kiobuf.PagePool;
import org.kiobd.volume.testkit.LeakCheck;

/** Every command, and every way to get one wrong, whole and byte by byte. */
@ExtendWith(LeakCheck.class)
final class RequestTranscriptTest {
    private static final int SIZE = 1 << 20;

    private static Stream<Path> transcripts() {
        return Transcript.all("requests");
    }

    private static void play(Path file, Cutter cutter) {
        boolean readOnly = file.getFileName().toString().startsWith("readonly-");
        MemoryDevice device = new MemoryDevice(DeviceInfo.of("memory", new UUID(0, 0), readOnly), SIZE, SIZE);
        try (ServedChannel served = new ServedChannel(device, new PagePool(80L << 20), NbdLimits.DEFAULT)) {
            new Transcript(file, served.channel(), () -> null).play(cutter);
        }
    }

    @TestFactory
    Stream<DynamicTest> whole() {
        return transcripts().map(file -> dynamicTest(file.getFileName().toString(), () -> play(file, Cutter::whole)));
    }

    @TestFactory
    Stream<DynamicTest> oneByteAtATime() {
        return transcripts().map(file -> dynamicTest(file.getFileName().toString(), () -> play(file, Cutter::singly)));
    }
}
