package org.kiobd.it.clients;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.kiobd.it.kit.KiobdCli;
import org.kiobd.it.kit.KiobdServer;

/** A server starts from the archive of classes that the launcher made: without it, it takes half as long again to be ready. */
@Timeout(60)
final class ClassSharingIT {
    @TempDir
    private Path folder;

    @Test
    void whatAServerIsMadeOfComesFromTheArchive() throws IOException {
        Path home = folder.resolve("home");
        Path loaded = folder.resolve("loaded.log");
        KiobdCli.ok(home, "create", "v", "--size", "16M");
        try (KiobdServer server = KiobdServer.in(home)
                .jvm(KiobdServer.STRICT + " -Xlog:class+load:file=" + loaded)
                .start("serve", "v", "--unix", folder.resolve("s").toString())) {
            server.stop();
        }

        // Other classes are older than what can be shared (picocli's), or made up as it runs.
        List<String> ours = Files.readAllLines(loaded).stream()
                .filter(line -> line.contains(" org.kiobd.") || line.contains(" io.netty."))
                .toList();
        List<String> alone = ours.stream()
                .filter(line -> !line.contains("source: shared objects file"))
                .toList();
        assertThat(ours).hasSizeGreaterThan(400);
        assertThat(alone).as("loaded one by one, of %d", ours.size()).hasSizeLessThan(ours.size() / 10);
    }
}
