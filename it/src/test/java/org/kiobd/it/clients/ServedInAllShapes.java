package org.kiobd.it.clients;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.AfterParameterizedClassInvocation;
import org.junit.jupiter.params.BeforeParameterizedClassInvocation;
import org.kiobd.it.kit.HostCommand;
import org.kiobd.it.kit.ServedVolume;
import org.kiobd.it.kit.ServedVolume.Shape;
import org.kiobd.it.kit.ServedVolume.Transport;

/** A volume for the clients people have, served anew for each setting a test class asks for. */
abstract class ServedInAllShapes {
    static final long SIZE_BYTES = 128L << 20;
    private static final Duration TIMEOUT = Duration.ofSeconds(60);

    private static @Nullable ServedVolume served;

    @TempDir
    static Path folder;

    /** What is served, over which engine, and how the clients get there. */
    record Setting(Shape shape, String engine, Transport transport) {
        @Override
        public String toString() {
            return shape + " over " + engine + " by " + transport;
        }
    }

    @BeforeParameterizedClassInvocation
    static void serve(Setting setting) throws IOException {
        Path own = Files.createDirectory(
                folder.resolve(setting.shape() + "-" + setting.engine() + "-" + setting.transport()));
        served = ServedVolume.start(own, setting.shape(), setting.engine(), SIZE_BYTES);
    }

    @AfterParameterizedClassInvocation
    static void stop() {
        ServedVolume ending = served();
        served = null;
        try (ending) {
            Map<String, Long> counters = ending.server().stop();
            assertThat(counters.get("requests")).isPositive();
            assertThat(counters.get("poolReservedBytes")).isZero();
        }
    }

    static ServedVolume served() {
        if (served == null) {
            throw new IllegalStateException("nothing is served");
        }
        return served;
    }

    /** What a client prints that ends well. */
    static String run(String... command) {
        Peer.require(command[0]);
        return HostCommand.output(TIMEOUT, List.of(command));
    }
}
