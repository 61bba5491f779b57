package org.kiobd.nbd.trace;

import java.io.IOException;
import java.io.InputStream;
import java.io.Writer;
import java.nio.channels.Channels;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.Arrays;
import java.util.Set;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.kiobd.volume.BlockDevice;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A file with one line for each request that a server executes, with the times of the request's stages. The server that opened it owns and
 * closes it, after its connections have ended.
 *
 * <p>A thread of its own writes the lines, so that no request waits for the file. If that thread falls behind by {@value #MOST_WAITING}
 * requests, further requests are left out and counted in a line of their own. If the file cannot be written, the trace ends with a log
 * line; the server goes on. Thread-safe.
 */
public final class RequestTrace implements AutoCloseable {
    static final int MOST_WAITING = 65_536;

    private static final Logger LOG = LoggerFactory.getLogger(RequestTrace.class);
    private static final int CLOSE_TIMEOUT_S = 10;
    private static final int POLL_MS = 100;

    private final Path file;
    private final Writer out;
    private final TraceLines lines;
    private final BlockingQueue<TracedRequest> waiting = new ArrayBlockingQueue<>(MOST_WAITING);
    private final AtomicLong omitted = new AtomicLong();
    private final Thread writer = new Thread(this::write, "kiobd-trace");
    private volatile boolean closing;
    private volatile boolean failed;

    private RequestTrace(Path file, Writer out) throws IOException {
        this.file = file;
        this.out = out;
        this.lines = new TraceLines(out, Instant.now(), System.nanoTime());
        writer.setDaemon(true);
    }

    /**
     * Returns whether {@code file} is a regular file that is empty or begins as a trace does, so that lines may be appended.
     *
     * @throws IOException if the file cannot be read
     */
    public static boolean isTrace(Path file) throws IOException {
        if (!Files.isRegularFile(file)) {
            return false;
        }
        byte[] wanted = TraceLines.BEGINNING.getBytes(StandardCharsets.UTF_8);
        try (InputStream in = Files.newInputStream(file)) {
            byte[] first = in.readNBytes(wanted.length);
            return first.length == 0 || Arrays.equals(first, wanted);
        }
    }

    /**
     * Opens a trace. Lines are appended to what the file holds; a new file can be read by its owner only.
     *
     * @throws IOException if the file cannot be opened for writing
     */
    public static RequestTrace open(Path file) throws IOException {
        Writer out = Channels.newWriter(
                Files.newByteChannel(
                        file,
                        Set.of(StandardOpenOption.CREATE, StandardOpenOption.WRITE, StandardOpenOption.APPEND),
                        PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"))),
                StandardCharsets.UTF_8);
        RequestTrace trace = new RequestTrace(file, out);
        trace.writer.start();
        return trace;
    }

    /** Returns {@code device} such that it notes when it gets a traced request. Borrows it. */
    public BlockDevice over(BlockDevice device) {
        return new TracedDevice(device);
    }

    /**
     * Returns the part of this trace for one connection.
     *
     * @param device a device that {@link #over} has returned, borrowed
     * @param peer the client, as the log names it
     */
    public TraceSession session(String export, BlockDevice device, String peer) {
        return new TraceSession(this, export, device, peer);
    }

    /** Adds a request that has ended. */
    void add(TracedRequest request) {
        if (!failed && !waiting.offer(request)) {
            omitted.incrementAndGet();
        }
    }

    private void write() {
        try {
            while (true) {
                // Read before the queue is polled: what was added before close() is then written.
                boolean last = closing;
                @Nullable TracedRequest request = waiting.poll();
                if (request != null) {
                    lines.write(request);
                    continue;
                }
                writeOmitted();
                lines.flush();
                if (last) {
                    return;
                }
                TracedRequest next = waiting.poll(POLL_MS, TimeUnit.MILLISECONDS);
                if (next != null) {
                    lines.write(next);
                }
            }
        } catch (IOException | RuntimeException e) {
            failed = true;
            waiting.clear();
            LOG.error("--trace={}: the trace ends here, requests are served as before: {}", file, e.toString());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void writeOmitted() throws IOException {
        long requests = omitted.getAndSet(0);
        if (requests > 0) {
            lines.writeOmitted(requests, System.nanoTime());
        }
    }

    /** Writes the lines of all requests added so far, and closes the file. */
    @Override
    public void close() {
        closing = true;
        try {
            writer.join(TimeUnit.SECONDS.toMillis(CLOSE_TIMEOUT_S));
            out.close();
        } catch (IOException e) {
            LOG.error("--trace={}: its last lines could not be written: {}", file, e.toString());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
