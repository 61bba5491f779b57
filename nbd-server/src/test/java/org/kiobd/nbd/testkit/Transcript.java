package org.kiobd.nbd.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.channel.embedded.EmbeddedChannel;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.kiobd.nbd.HeaderStyle;

/**
 * A conversation with a server, from a file. Lines:
 *
 * <pre>
 *   C HEX                     the client sends these bytes
 *   S HEX                     the server has sent exactly these bytes
 *   S error OPTION TYPE       the server has sent an option error with some text
 *   S reply COOKIE ERRNO HEX  the server has sent this reply; replies that follow each other may come in any order
 *   S transmission NAME:STYLE:CONTEXTS   the handshake has chosen this export and agreed on this
 *   S closed                  the server has said nothing more and closed the connection
 * </pre>
 *
 * <p>Requests are written with compact headers. Played with another style, each is sent in that style, and its reply is read in it.
 */
public final class Transcript {
    /** How the client's bytes are cut into what the server receives at once. */
    @FunctionalInterface
    public interface Cutter {
        List<byte[]> cut(byte[] bytes);

        /** All at once. */
        static List<byte[]> whole(byte[] bytes) {
            return List.of(bytes);
        }

        /** One byte at a time. */
        static List<byte[]> singly(byte[] bytes) {
            List<byte[]> pieces = new ArrayList<>();
            for (byte single : bytes) {
                pieces.add(new byte[] {single});
            }
            return pieces;
        }
    }

    private final List<String> lines;
    private final EmbeddedChannel channel;
    private final Supplier<@Nullable String> chosenExport;
    private final HeaderStyle style;
    private final StyledWire wire;
    private ByteBuffer sent = ByteBuffer.allocate(0);

    /** With compact requests and simple replies. */
    public Transcript(Path file, EmbeddedChannel channel, Supplier<@Nullable String> chosenExport) {
        this(file, channel, chosenExport, HeaderStyle.SIMPLE);
    }

    /** @param chosenExport the name the handshake has chosen, or null */
    public Transcript(Path file, EmbeddedChannel channel, Supplier<@Nullable String> chosenExport, HeaderStyle style) {
        this.style = style;
        this.wire = new StyledWire(style);
        this.lines = readLines(file);
        this.channel = channel;
        this.chosenExport = chosenExport;
    }

    /** The transcripts of a folder of the test resources. */
    public static Stream<Path> all(String folder) {
        Path path = Path.of("src/test/resources").resolve(folder);
        try (Stream<Path> files = Files.list(path)) {
            return files.sorted().toList().stream();
        } catch (IOException e) {
            throw new UncheckedIOException("no transcripts", e);
        }
    }

    private static List<String> readLines(Path file) {
        try {
            return Files.readAllLines(file);
        } catch (IOException e) {
            throw new UncheckedIOException("no transcript", e);
        }
    }

    /** Plays it, and checks that the server has said nothing else. */
    public void play(Cutter cutter) {
        Map<Long, String> replies = new HashMap<>();
        for (String line : lines) {
            String[] words = line.split(" ", -1);
            boolean isReply = line.startsWith("S reply ");
            if (!isReply) {
                checkReplies(replies);
            }
            if (line.startsWith("C ")) {
                byte[] bytes = hex(words, 1);
                cutter.cut(style == HeaderStyle.SIMPLE ? bytes : wire.requests(bytes))
                        .forEach(this::send);
            } else if (isReply) {
                replies.put(Long.parseLong(words[2], 16), line);
            } else if (line.startsWith("S error ")) {
                checkOptionError(Integer.parseUnsignedInt(words[2], 16), Integer.parseUnsignedInt(words[3], 16));
            } else if (line.startsWith("S transmission ")) {
                assertThat(chosenExport.get()).isEqualTo(words[2]);
            } else if (line.equals("S closed")) {
                channel.runPendingTasks();
                assertThat(channel.isActive()).as("connection is open").isFalse();
            } else if (line.startsWith("S ")) {
                byte[] expected = hex(words, 1);
                assertThat(HexFormat.of().formatHex(receive(expected.length)))
                        .isEqualTo(HexFormat.of().formatHex(expected));
            }
        }
        checkReplies(replies);
        takeOutbound();
        assertThat(sent.remaining()).as("bytes nobody expected").isZero();
    }

    private void send(byte[] bytes) {
        if (channel.isOpen()) {
            channel.writeInbound(
                    channel.alloc().directBuffer(bytes.length, bytes.length).writeBytes(bytes));
            channel.runPendingTasks();
        }
    }

    private static byte[] hex(String[] words, int from) {
        return HexFormat.of().parseHex(String.join("", Arrays.copyOfRange(words, from, words.length)));
    }

    private void checkOptionError(int option, int type) {
        ByteBuffer header = ByteBuffer.wrap(receive(20));
        assertThat(header.getLong()).isEqualTo(0x3e889045565a9L);
        assertThat(header.getInt()).isEqualTo(option);
        assertThat(header.getInt()).isEqualTo(type);
        assertThat(new String(receive(header.getInt()), StandardCharsets.UTF_8)).isNotBlank();
    }

    private void checkReplies(Map<Long, String> expected) {
        while (!expected.isEmpty()) {
            StyledWire.Reply reply = wire.reply(this::receive);
            String line = expected.remove(reply.cookie());
            assertThat(line).as("reply with cookie=%x", reply.cookie()).isNotNull();
            String[] words = line.split(" ", -1);
            assertThat(reply.errno()).as(line).isEqualTo(Integer.parseInt(words[3]));
            byte[] data = hex(words, 4);
            byte[] received = reply.isChunked() ? reply.data().array() : receive(data.length);
            assertThat(received).as(line).isEqualTo(data);
        }
    }

    private byte[] receive(int bytes) {
        takeOutbound();
        assertThat(sent.remaining()).as("bytes the server sent").isGreaterThanOrEqualTo(bytes);
        byte[] taken = new byte[bytes];
        sent.get(taken);
        return taken;
    }

    private void takeOutbound() {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        byte[] before = new byte[sent.remaining()];
        sent.get(before);
        all.writeBytes(before);
        for (ByteBuf out = channel.readOutbound(); out != null; out = channel.readOutbound()) {
            all.writeBytes(ByteBufUtil.getBytes(out));
            out.release();
        }
        sent = ByteBuffer.wrap(all.toByteArray());
    }
}
