package org.kiobd.it.vm;

import java.io.BufferedWriter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Locale;
import java.util.function.Consumer;

/**
 * Everything a guest said, on all its lines, with the second it was said in: whole in a file, the end in memory.
 *
 * <p>Each line is on disk when {@link #add} returns, so the file tells the story also of a run that was killed. Any
 * thread.
 */
final class GuestTranscript implements AutoCloseable {
    private static final int TAIL_LINES = 60;

    private final long startNanos = System.nanoTime();
    private final Deque<String> tail = new ArrayDeque<>();
    private final Path file;
    private final BufferedWriter writer;
    private final Consumer<String> echo;

    /** Starts {@code file} anew; {@code echo} gets every line too. */
    GuestTranscript(Path file, Consumer<String> echo) throws IOException {
        this.file = file.toAbsolutePath();
        this.echo = echo;
        Files.createDirectories(this.file.getParent());
        this.writer = Files.newBufferedWriter(this.file);
    }

    /** Adds one line; {@code source} says who spoke. */
    synchronized void add(String source, String line) {
        double seconds = (System.nanoTime() - startNanos) / 1e9;
        String text = String.format(Locale.ROOT, "%7.2f %-6s| %s", seconds, source, line);
        tail.addLast(text);
        if (tail.size() > TAIL_LINES) {
            tail.removeFirst();
        }
        echo.accept(text);
        try {
            writer.write(text);
            writer.newLine();
            writer.flush();
        } catch (IOException e) {
            throw new UncheckedIOException("cannot write the transcript file=" + file, e);
        }
    }

    /** The last lines, and where the rest is. */
    synchronized String tail() {
        List<String> lines = new ArrayList<>(tail);
        return "last %d lines of %s:%n%s".formatted(lines.size(), file, String.join(System.lineSeparator(), lines));
    }

    @Override
    public synchronized void close() throws IOException {
        writer.close();
    }
}
