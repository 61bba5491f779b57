package org.kiobd.attach;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** On files of the build folder's file system, which has O_DIRECT where a temporary one may not. */
final class DirectReadTest {
    private static final int BYTES = 4096;

    private final Path file = Path.of("target", "direct-read");

    @Test
    void whatIsThereIsRead() throws IOException {
        Files.write(file, new byte[2 * BYTES]);
        assertThatCode(() -> DirectRead.firstBytes(file, BYTES)).doesNotThrowAnyException();
    }

    @Test
    void whatIsNotThereIsSaid() throws IOException {
        Files.write(file, new byte[0]);
        assertThatThrownBy(() -> DirectRead.firstBytes(file, BYTES)).hasMessage("it is empty");
        Files.delete(file);
        assertThatThrownBy(() -> DirectRead.firstBytes(file, BYTES)).hasMessageContaining("No such file");
    }
}
