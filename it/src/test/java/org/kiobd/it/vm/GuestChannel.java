package org.kiobd.it.vm;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;

/**
 * The guest's second serial line, as a unix socket that the emulator connects to: the script's output comes in, the
 * host's answers go out.
 *
 * <p>One reader thread, started by {@link #serve}; it ends when the emulator closes its end or {@link #close} is called.
 */
final class GuestChannel implements AutoCloseable {
    private static final String MARKER = "@@ ";
    private static final String REQUEST = "HOST ";
    private static final String TRACE = "+ ";
    private static final int BUFFER_BYTES = 8192;

    private final ServerSocketChannel server;
    private final GuestTranscript transcript;
    private String lastCommand = "";

    /** Listens on {@code socket}, which must not exist. */
    GuestChannel(Path socket, GuestTranscript transcript) throws IOException {
        this.transcript = transcript;
        this.server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        this.server.bind(UnixDomainSocketAddress.of(socket));
    }

    /** Takes the emulator's one connection and reads it to its end; {@code report} gets every line meant for the host. */
    void serve(HostCommands commands, Consumer<String> report) {
        try (SocketChannel line = server.accept()) {
            ByteBuffer buffer = ByteBuffer.allocate(BUFFER_BYTES);
            StringBuilder text = new StringBuilder();
            while (line.read(buffer.clear()) >= 0) {
                text.append(StandardCharsets.ISO_8859_1.decode(buffer.flip()));
                for (int end = text.indexOf("\n"); end >= 0; end = text.indexOf("\n")) {
                    take(text.substring(0, end), line, commands, report);
                    text.delete(0, end + 1);
                }
            }
        } catch (IOException e) {
            transcript.add("host", "the guest's line broke: " + e);
        }
    }

    private void take(String text, SocketChannel line, HostCommands commands, Consumer<String> report)
            throws IOException {
        if (text.isEmpty()) {
            return;
        }
        transcript.add("guest", text);
        if (text.startsWith(TRACE)) {
            lastCommand = text.substring(TRACE.length());
        }
        if (!text.startsWith(MARKER)) {
            return;
        }
        String message = text.substring(MARKER.length());
        if (!message.startsWith(REQUEST)) {
            report.accept(message.startsWith("FAIL ") ? message + ", after: " + lastCommand : message);
            return;
        }
        String answer =
                commands.answer(List.of(message.substring(REQUEST.length()).split(" ", -1)));
        transcript.add("host", answer);
        ByteBuffer bytes = ByteBuffer.wrap((answer + "\n").getBytes(StandardCharsets.UTF_8));
        while (bytes.hasRemaining()) {
            line.write(bytes);
        }
    }

    @Override
    public void close() throws IOException {
        server.close();
    }
}
