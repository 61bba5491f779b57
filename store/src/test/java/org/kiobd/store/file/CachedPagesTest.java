package org.kiobd.store.file;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is in the page cache, and what is not. */
class CachedPagesTest {
    private static final int BYTES = 1 << 20;
    private static final int POSIX_FADV_DONTNEED = 4;

    @TempDir
    Path folder;

    private int fd;

    @BeforeEach
    void openFile() throws Exception {
        Path path = Files.write(folder.resolve("file"), new byte[BYTES]);
        fd = Libc.open(path.toString(), Libc.O_RDWR, 0);
        assertThat(fd).isNotNegative();
    }

    @AfterEach
    void closeFile() {
        Libc.close(fd);
    }

    private static boolean kernelKnows() {
        String[] version = System.getProperty("os.version").split("[.-]", 3);
        int major = Integer.parseInt(version[0]);
        return major > 6 || (major == 6 && Integer.parseInt(version[1]) >= 5);
    }

    @Test
    void whatWasWrittenIsThereAndWhatWasDroppedIsNot() {
        assertThat(CachedPages.hold(fd, 0, BYTES)).isEqualTo(kernelKnows());
        assertThat(CachedPages.hold(fd, 4095, 2)).isEqualTo(kernelKnows());
        assertThat(Libc.fsync(fd)).isZero();
        assertThat(Libc.posix_fadvise(fd, 65536, 65536, POSIX_FADV_DONTNEED)).isZero();
        assertThat(CachedPages.hold(fd, 0, BYTES)).as("the whole").isFalse();
        assertThat(CachedPages.hold(fd, 65536, 4096)).as("what was dropped").isFalse();
        assertThat(CachedPages.hold(fd, 0, 65536)).as("what is before it").isEqualTo(kernelKnows());
    }

    @Test
    void whatIsBehindTheEndIsNot() throws Exception {
        assertThat(CachedPages.hold(fd, BYTES - 1, 2)).isFalse();
        try (RandomAccessFile file = new RandomAccessFile(folder.resolve("file").toFile(), "rw")) {
            file.setLength(2 * BYTES);
        }
        assertThat(CachedPages.hold(fd, BYTES, 4096))
                .as("a hole nobody has read")
                .isFalse();
    }
}
