package org.kiobd.it.clients;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.kiobd.it.kit.HostCommand;
import org.kiobd.it.kit.ServedVolume;
import org.kiobd.it.vm.NewerProgram;

/** 64-bit lengths with the one client that has them and can be had: qemu 8.2 and newer. */
@Timeout(300)
final class ExtendedHeadersIT {
    private static final Duration TIMEOUT = Duration.ofSeconds(60);
    private static final long SIZE_BYTES = 16L << 30;

    @TempDir
    private Path folder;

    private static String qemu(Path programs, String program, String... arguments) {
        List<String> command = new ArrayList<>(List.of(programs.resolve(program).toString()));
        command.addAll(List.of(arguments));
        return HostCommand.output(TIMEOUT, command);
    }

    @Test
    void qemuZeroesGibibytesInOneRequestAndMapsThemInOne() throws IOException {
        Path programs = NewerProgram.folder("qemu-utils", 10);
        byte[] data = new byte[9 << 20];
        new Random(0x657874).nextBytes(data);
        Path image = Files.write(folder.resolve("image"), data);
        try (ServedVolume served = ServedVolume.startFast(folder, "io_uring", SIZE_BYTES)) {
            String uri = served.server().unixUri();
            assertThat(qemu(programs, "qemu-nbd", "--list", "--socket=" + served.socket()))
                    .contains("transaction size: 64-bit")
                    .contains("base:allocation")
                    .contains("kiobd:member");
            String output = qemu(
                    programs,
                    "qemu-io",
                    "-f",
                    "raw",
                    uri,
                    "-c",
                    "write -P 0xaa 0 64k",
                    "-c",
                    "read -P 0xaa 0 64k",
                    "-c",
                    "write -P 7 5G 1M",
                    "-c",
                    "write -z -n 1M 9G",
                    "-c",
                    "read -P 0 5G 1M",
                    "-c",
                    "read -P 0xaa 0 64k",
                    "-c",
                    "write -P 8 4G 1M",
                    "-c",
                    "discard 0 1G",
                    "-c",
                    "read -P 0 0 64k",
                    "-c",
                    "read -P 8 4G 1M",
                    "-c",
                    "write -f -P 9 15G 512",
                    "-c",
                    "read -P 9 15G 512",
                    "-c",
                    "flush");
            assertThat(output).doesNotContain("verification failed").doesNotContain("rror");
            assertThat(qemu(programs, "qemu-img", "map", "-f", "raw", "--output=json", uri))
                    .contains(
                            "\"start\": 4294967296, \"length\": 1048576, \"depth\": 0, \"present\": true, \"zero\": false");
            qemu(programs, "qemu-img", "convert", "-n", "-f", "raw", "-O", "raw", image.toString(), uri);
            qemu(
                    programs,
                    "qemu-img",
                    "bench",
                    "-f",
                    "raw",
                    "-w",
                    "-d",
                    "32",
                    "-s",
                    "4096",
                    "-c",
                    "2000",
                    "-o",
                    "1G",
                    uri);
            served.server().stop();
            assertThat(served.server().log()).contains("headers=EXTENDED").doesNotContain("headers=STRUCTURED");
        }
    }
}
