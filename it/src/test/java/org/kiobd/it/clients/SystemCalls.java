package org.kiobd.it.clients;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** strace on a running process: counts the writes it makes to certain files. Close it always. */
final class SystemCalls implements AutoCloseable {
    private static final int TIMEOUT_SECONDS = 30;
    private static final String WRITES = "trace=write,writev,pwrite64,pwritev,pwritev2";

    private final Process strace;
    private final Path log;

    private SystemCalls(Process strace, Path log) {
        this.strace = strace;
        this.log = log;
    }

    /** Attaches to every thread of {@code pid}; returns when nothing it does is missed any more. */
    static SystemCalls watchWrites(long pid, Path log) throws IOException, InterruptedException {
        Peer.require("strace");
        Process strace = new ProcessBuilder(
                        "strace", "-f", "-y", "-s", "0", "-e", WRITES, "-o", log.toString(), "-p", Long.toString(pid))
                .start();
        CountDownLatch attached = new CountDownLatch(1);
        Thread reader = new Thread(
                () -> {
                    try (BufferedReader lines = strace.errorReader(StandardCharsets.UTF_8)) {
                        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                            if (line.contains("attached")) {
                                attached.countDown();
                            }
                        }
                    } catch (IOException e) {
                        throw new java.io.UncheckedIOException(e);
                    }
                },
                "strace-stderr");
        reader.setDaemon(true);
        reader.start();
        SystemCalls calls = new SystemCalls(strace, log);
        if (!attached.await(TIMEOUT_SECONDS, TimeUnit.SECONDS)) {
            calls.close();
            throw new IllegalStateException("strace did not attach to pid=" + pid);
        }
        return calls;
    }

    /** Detaches, and counts the calls that wrote to one of {@code files}. */
    long countTo(List<Path> files) throws IOException, InterruptedException {
        // Not Process.destroy(), which closes the pipe under the thread that reads it.
        strace.toHandle().destroy();
        if (!strace.waitFor(TIMEOUT_SECONDS, TimeUnit.SECONDS)) {
            throw new IllegalStateException("strace does not end");
        }
        List<String> marks = files.stream().map(file -> "<" + file + ">").toList();
        try (Stream<String> lines = Files.lines(log)) {
            return lines.filter(line -> marks.stream().anyMatch(line::contains)).count();
        }
    }

    @Override
    public void close() {
        strace.destroyForcibly();
    }
}
