package org.kiobd.manage.control;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** A client on a control socket: sends one line and gets one line. Confined to the control loop. */
final class Asker {
    /** Ample for the longest question, which names a volume, a command and a snapshot. */
    private static final int MAX_QUESTION_BYTES = 64 << 10;

    private static final int FIRST_BYTES = 1 << 10;

    private final SocketChannel channel;
    private long sinceNanos = System.nanoTime();
    private ByteBuffer question = ByteBuffer.allocate(FIRST_BYTES);
    private @Nullable ByteBuffer answer;
    private boolean asked;

    Asker(SocketChannel channel) {
        this.channel = channel;
    }

    /** Returns since when {@link #isIdle} is true, if it is. */
    long sinceNanos() {
        return sinceNanos;
    }

    /** Returns whether the server waits for the client: for its question, or to take its answer. */
    boolean isIdle() {
        return !asked || answer != null;
    }

    /** Returns whether the client has sent its question. */
    boolean hasAsked() {
        return asked;
    }

    /** Returns whether there is an answer that is not sent completely. */
    boolean isAnswered() {
        return answer != null;
    }

    /**
     * Reads the data that has arrived.
     *
     * @return the question, once it is complete; null before
     * @throws IOException if the client has closed the connection, or its question is too long
     */
    @Nullable
    String read() throws IOException {
        if (channel.read(question) < 0) {
            throw new IOException("it asked nothing");
        }
        for (int i = 0; i < question.position(); i++) {
            if (question.get(i) == '\n') {
                asked = true;
                return new String(question.array(), 0, i, StandardCharsets.UTF_8);
            }
        }
        if (!question.hasRemaining()) {
            if (question.capacity() >= MAX_QUESTION_BYTES) {
                throw new IOException("its question is longer than bytes=" + MAX_QUESTION_BYTES);
            }
            question = ByteBuffer.allocate(question.capacity() * 2).put(question.flip());
        }
        return null;
    }

    /**
     * Sets the answer to be sent.
     *
     * @param line the answer; takes it
     */
    void answer(byte[] line) {
        answer = ByteBuffer.wrap(line);
        sinceNanos = System.nanoTime();
    }

    /**
     * Sends as much of the answer as the socket accepts.
     *
     * @return whether all of it was sent
     */
    boolean write() throws IOException {
        if (answer == null) {
            return false;
        }
        channel.write(answer);
        return !answer.hasRemaining();
    }

    /** Closes the connection. */
    void dismiss(SelectionKey key) {
        key.cancel();
        try {
            channel.close();
        } catch (IOException e) {
            // The channel counts as closed even then.
        }
    }
}
