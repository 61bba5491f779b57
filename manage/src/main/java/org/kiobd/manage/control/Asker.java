package org.kiobd.manage.control;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** Who is connected to a control socket: sends one line, gets one line. Confined to the control loop. */
final class Asker {
    /** The longest question names a volume and a command. */
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

    /** Since when {@link #isIdle} holds, if it does. */
    long sinceNanos() {
        return sinceNanos;
    }

    /** Whether it is waited for, and not the other way round: for its question, or to take its answer. */
    boolean isIdle() {
        return !asked || answer != null;
    }

    /** Whether it has said all it has to say. */
    boolean hasAsked() {
        return asked;
    }

    /** Whether its answer is there, but has not been taken yet. */
    boolean isAnswered() {
        return answer != null;
    }

    /**
     * Takes what has come.
     *
     * @return the question, once all of it is there; null before
     * @throws IOException if there will be none
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

    /** @param line takes it */
    void answer(byte[] line) {
        answer = ByteBuffer.wrap(line);
        sinceNanos = System.nanoTime();
    }

    /** Sends what goes; true if that was the last of it. */
    boolean write() throws IOException {
        if (answer == null) {
            return false;
        }
        channel.write(answer);
        return !answer.hasRemaining();
    }

    /** Hangs up. */
    void dismiss(SelectionKey key) {
        key.cancel();
        try {
            channel.close();
        } catch (IOException e) {
            // It is closed by then all the same.
        }
    }
}
