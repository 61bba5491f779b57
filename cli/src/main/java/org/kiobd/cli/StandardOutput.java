package org.kiobd.cli;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.OutputStreamWriter;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;
import org.kiobd.store.file.SystemErrors;

/**
 * The process's standard output, for answers and images. It stores the first write error, which {@link PrintWriter} hides. Text is UTF-8
 * in every locale. Any thread.
 */
final class StandardOutput extends OutputStream {
    static final StandardOutput INSTANCE = new StandardOutput();

    private final FileOutputStream out = new FileOutputStream(FileDescriptor.out);
    private volatile @Nullable IOException failure;
    private volatile boolean told;

    private StandardOutput() {}

    /** Returns a writer of text to standard output. */
    PrintWriter writer() {
        return new PrintWriter(new OutputStreamWriter(this, StandardCharsets.UTF_8));
    }

    @Override
    public void write(int b) throws IOException {
        write(new byte[] {(byte) b}, 0, 1);
    }

    @Override
    public void write(byte[] bytes, int offset, int length) throws IOException {
        try {
            out.write(bytes, offset, length);
        } catch (IOException e) {
            if (failure == null) {
                failure = e;
            }
            throw e;
        }
    }

    /** Returns whether the reader has closed the pipe. That is not reported, because {@code kiobd list | head -1} does so. */
    boolean isBroken() {
        IOException failed = failure;
        return failed != null && SystemErrors.isBrokenPipe(failed);
    }

    /** Notes that the command itself reports the write error, if there is one. */
    void isTold() {
        told = failure != null;
    }

    /** Returns the final exit code of a command that ended with {@code exitCode}: it is never OK if the answer is lost. */
    int exitCode(int exitCode, PrintWriter err) {
        IOException failed = failure;
        if (failed == null) {
            return exitCode;
        }
        if (isBroken()) {
            return ExitCode.BROKEN_PIPE;
        }
        if (told) {
            return exitCode;
        }
        err.println("kiobd: standard output cannot be written: " + SystemErrors.describe(failed)
                + "; the command has done its work, but its answer is lost");
        err.flush();
        return exitCode == ExitCode.OK ? ExitCode.FAILED : exitCode;
    }
}
