package org.kiobd.it.clients;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.kiobd.it.kit.KiobdCli;
import org.kiobd.it.kit.RunLength;
import org.kiobd.it.kit.ServedVolume;
import org.kiobd.it.kit.ServedVolume.Shape;
import org.kiobd.it.kit.ServedVolume.Transport;

/**
 * Large reads leave the page cache for the socket without a copy, in every style of reply, and large writes leave the socket for the page
 * cache with one; and what is read is what was written.
 */
@Tag("one-lane")
@Timeout(120)
final class LargeTransferIT {
    private static final long SIZE_BYTES = 32L << 20;

    @TempDir
    private Path folder;

    static Stream<Arguments> combinations() {
        return RunLength.of(
                List.of(
                        Arguments.of(Shape.STRIPED, "io_uring", Transport.TCP, "extended", "1M"),
                        Arguments.of(Shape.STRIPED, "epoll", Transport.UNIX, "structured", "100K"),
                        Arguments.of(Shape.STRIPED, "epoll", Transport.TCP, "simple", "3M"),
                        Arguments.of(Shape.MIXED, "io_uring", Transport.UNIX, "structured", "1M"),
                        Arguments.of(Shape.ROCKSDB, "epoll", Transport.UNIX, "simple", "256K")),
                Arguments.of(Shape.STRIPED, "io_uring", Transport.UNIX, "simple", "256K"),
                Arguments.of(Shape.STRIPED, "nio", Transport.TCP, "extended", "256K"));
    }

    @ParameterizedTest
    @MethodSource("combinations")
    void passTheServerBy(Shape shape, String engine, Transport transport, String replies, String blockBytes)
            throws Exception {
        try (ServedVolume served = ServedVolume.startFast(folder, shape, engine, SIZE_BYTES);
                SystemCalls calls = SystemCalls.watchMoves(served.server().pid(), folder.resolve("strace.log"))) {
            KiobdCli.Result result = KiobdCli.run(
                    folder.resolve("home"),
                    "bench",
                    served.uri(transport),
                    "--rw",
                    "randrw",
                    "--bs",
                    blockBytes,
                    "--replies",
                    replies,
                    "--depth",
                    "4",
                    "--connections",
                    "2",
                    "--overwrite",
                    "--verify",
                    "--duration",
                    "1",
                    "--warm-up",
                    "0");
            assertThat(result.exitCode()).as(result.err() + result.out()).isZero();
            assertThat(result.out()).contains("everything that was written was read again and is right");
            List<Path> files = served.files();
            long sent = calls.countTo(files, "sendfile");
            boolean hasDescriptors = shape != Shape.ROCKSDB && !engine.equals("nio");
            assertThat(sent > 0).as("sent=%s", sent).isEqualTo(hasDescriptors && kernelKnowsWhatIsCached());
            long spliced = calls.countTo(files, "splice");
            boolean splices = hasDescriptors && shape != Shape.MIXED && !blockBytes.equals("3M");
            assertThat(spliced > 0).as("spliced=%s", spliced).isEqualTo(splices);
        }
    }

    /** By cachestat(2). */
    private static boolean kernelKnowsWhatIsCached() {
        String[] version = System.getProperty("os.version").split("[.-]", 3);
        int major = Integer.parseInt(version[0]);
        return major > 6 || (major == 6 && Integer.parseInt(version[1]) >= 5);
    }
}
