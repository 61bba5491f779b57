package org.kiobd.store.file;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.io.FileNotFoundException;
import java.io.FileOutputStream;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.kiobd.volume.BlockIoException;
import org.kiobd.volume.IoError;

class SystemErrorsTest {
    @TempDir
    Path folder;

    @ParameterizedTest
    @CsvSource({
        "Too many open files, NO_MEMORY, false",
        "Too many open files in system, NO_MEMORY, false",
        "Cannot allocate memory, NO_MEMORY, false",
        "Read-only file system, NOT_PERMITTED, false",
        "Operation not permitted, NOT_PERMITTED, false",
        "No space left on device, NO_SPACE, false",
        "Disk quota exceeded, NO_SPACE, false",
        "Input/output error, IO, true",
        "whatever else, IO, true"
    })
    void theWordsOfTheSystemAreUnderstood(String words, IoError error, boolean isDamage) {
        IOException failure = new FileSystemException("/x", null, words);
        assertThat(SystemErrors.toIoError(failure)).isEqualTo(error);
        assertThat(SystemErrors.toIoError(new IllegalStateException("loop", failure)))
                .isEqualTo(error);
        IOException inBrackets = new FileNotFoundException("/x/tzdb.dat (" + words + ")");
        assertThat(SystemErrors.toIoError(new Error(inBrackets))).isEqualTo(error);
        assertThat(error.isDamage()).isEqualTo(isDamage);
    }

    @Test
    void realOnesAre() throws IOException {
        Path loop = Files.createSymbolicLink(folder.resolve("loop"), folder.resolve("loop"));
        IOException tooMany = catchThrowableOfType(IOException.class, () -> Files.readString(loop));
        assertThat(SystemErrors.describe(tooMany)).contains("symbolic links");

        IOException full;
        try (FileOutputStream out = new FileOutputStream("/dev/full")) {
            full = catchThrowableOfType(IOException.class, () -> out.write(1));
        }
        assertThat(SystemErrors.toIoError(full)).isEqualTo(IoError.NO_SPACE);
    }

    /** A path is any words. */
    @Test
    void whatAPathSaysIsNotTheReason() {
        IOException denied = new AccessDeniedException("/x/Too many open files");
        assertThat(SystemErrors.toIoError(denied)).isEqualTo(IoError.NOT_PERMITTED);
        IOException other = new FileSystemException("/Permission denied/x", null, "Input/output error");
        assertThat(SystemErrors.toIoError(other)).isEqualTo(IoError.IO);
    }

    @Test
    void whatIsToldAlreadyStaysAsItIs() {
        BlockIoException told = new BlockIoException(IoError.NO_SPACE, "x");
        assertThat(SystemErrors.failure("y", told)).isSameAs(told);
        assertThat(SystemErrors.toIoError(new IOException(told))).isEqualTo(IoError.NO_SPACE);
        assertThat(SystemErrors.isBrokenPipe(new IOException("Broken pipe"))).isTrue();
    }
}
