package org.kiobd.it.clients;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** strace on a running process: counts the writes it makes to certain files, or tells when it synced them. Close it always. */
final class SystemCalls implements AutoCloseable {
    private static final int TIMEOUT_SECONDS = 30;
    private static final String WRITES = "trace=write,writev,pwrite64,pwritev,pwritev2";
    private static final String SYNCS = "trace=fsync,fdatasync,sync_file_range";
    private static final String MOVES = "trace=sendfile,splice";
    private static final Pattern BEGUN = Pattern.compile("^(\\d+)\\s+([0-9.]+) (?:fsync|fdatasync)\\(\\d+<([^>]+)>.*");
    private static final Pattern RESUMED =
            Pattern.compile("^(\\d+)\\s+([0-9.]+) <\\.\\.\\. (?:fsync|fdatasync) resumed>.*");
    private static final Pattern SUCCEEDED = Pattern.compile(".*\\) = 0 <([0-9.]+)>$");
    private static final double MICROS = 1e6;

    private final Process strace;
    private final Path log;

    private SystemCalls(Process strace, Path log) {
        this.strace = strace;
        this.log = log;
    }

    /**
     * A sync that succeeded, in microseconds since 1970.
     *
     * @param file what was synced
     */
    record Sync(String file, long beginMicros, long endMicros) {}

    /** Attaches to every thread of {@code pid}; returns when no write it does is missed any more. */
    static SystemCalls watchWrites(long pid, Path log) throws IOException, InterruptedException {
        return watch(pid, log, WRITES);
    }

    /** The same for its syncs. */
    static SystemCalls watchSyncs(long pid, Path log) throws IOException, InterruptedException {
        return watch(pid, log, SYNCS);
    }

    /** The same for what it moves between sockets and files without a copy: sendfile and splice. */
    static SystemCalls watchMoves(long pid, Path log) throws IOException, InterruptedException {
        return watch(pid, log, MOVES);
    }

    private static SystemCalls watch(long pid, Path log, String calls) throws IOException, InterruptedException {
        Peer.require("strace");
        List<String> command =
                List.of("strace", "-f", "-y", "-ttt", "-T", "-s", "0", "-e", calls, "-o", log.toString());
        Process strace = new ProcessBuilder(Stream.concat(command.stream(), Stream.of("-p", Long.toString(pid)))
                        .toList())
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
        SystemCalls watching = new SystemCalls(strace, log);
        if (!attached.await(TIMEOUT_SECONDS, TimeUnit.SECONDS)) {
            watching.close();
            throw new IllegalStateException("strace did not attach to pid=" + pid);
        }
        return watching;
    }

    private void detach() throws InterruptedException {
        // Not Process.destroy(), which closes the pipe under the thread that reads it.
        strace.toHandle().destroy();
        if (!strace.waitFor(TIMEOUT_SECONDS, TimeUnit.SECONDS)) {
            throw new IllegalStateException("strace does not end");
        }
    }

    /** Detaches, and counts the calls that had to do with one of {@code files}. */
    long countTo(List<Path> files) throws IOException, InterruptedException {
        return countTo(files, "");
    }

    /** The same for the calls of one name; or of all, if it is empty. */
    long countTo(List<Path> files, String call) throws IOException, InterruptedException {
        detach();
        List<String> marks = files.stream().map(file -> "<" + file + ">").toList();
        try (Stream<String> lines = Files.lines(log)) {
            return lines.filter(line -> call.isEmpty() || line.contains(" " + call + "("))
                    .filter(line -> marks.stream().anyMatch(line::contains))
                    .count();
        }
    }

    /** Detaches, and tells the syncs that succeeded. */
    List<Sync> syncs() throws IOException, InterruptedException {
        detach();
        List<Sync> syncs = new ArrayList<>();
        Map<String, Matcher> begunByThread = new HashMap<>();
        for (String line : Files.readAllLines(log)) {
            Matcher begun = BEGUN.matcher(line);
            Matcher resumed = RESUMED.matcher(line);
            if (begun.matches()) {
                begunByThread.put(begun.group(1), begun);
            } else if (!resumed.matches()) {
                continue;
            }
            Matcher succeeded = SUCCEEDED.matcher(line);
            if (succeeded.matches()) {
                Matcher call = begunByThread.get((begun.matches() ? begun : resumed).group(1));
                if (call != null) {
                    long beginMicros = Math.round(Double.parseDouble(call.group(2)) * MICROS);
                    long tookMicros = Math.round(Double.parseDouble(succeeded.group(1)) * MICROS);
                    syncs.add(new Sync(call.group(3), beginMicros, beginMicros + tookMicros));
                }
            }
        }
        return syncs;
    }

    @Override
    public void close() {
        strace.destroyForcibly();
    }
}
