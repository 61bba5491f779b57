package org.kiobd.it.clients;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedByInterruptException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import org.kiobd.it.kit.ServedVolume;
import org.kiobd.nbd.testkit.RawNbdClient;

/**
 * What one client of the corpus says, and what has to come back; {@code it/corpus} writes them and explains their lines. Playing one
 * speaks to a real server, byte for byte.
 *
 * @param name what is tried
 * @param lines all but the first
 */
record Conversation(String name, List<String> lines) {
    private static final int STRUCTURED_REPLY = 8;
    private static final int SET_META_CONTEXT = 10;
    private static final int EXTENDED_HEADERS = 11;
    private static final int LIST = 3;
    private static final long LAST_COOKIE = 0x6c617374;

    Conversation {
        lines = List.copyOf(lines);
    }

    /** Those of a chapter. */
    static List<Conversation> of(String chapter) {
        List<Conversation> all = new ArrayList<>();
        for (String paragraph : text("/corpus/" + chapter + ".txt").split("\n\n", -1)) {
            List<String> lines = paragraph.lines().toList();
            String name = lines.get(0).substring("# ".length()).replaceFirst(":.*", "");
            all.add(new Conversation(name, lines.subList(1, lines.size())));
        }
        return all;
    }

    private static String text(String resource) {
        try (InputStream stream = Conversation.class.getResourceAsStream(resource)) {
            if (stream == null) {
                throw new IllegalStateException(resource + " is not among the test resources; it/corpus writes it");
            }
            return new String(stream.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Connects, says it, and checks what comes back. */
    void play(String uri) throws IOException {
        try (RawNbdClient client = RawNbdClient.connect(URI.create(uri))) {
            new Play(client).run(lines);
        }
    }

    @Override
    public String toString() {
        return name;
    }

    /** One connection under way. */
    private static final class Play {
        private final RawNbdClient client;
        private ChunkedReplies replies = new ChunkedReplies(ChunkedReplies.Style.COMPACT);
        private boolean isTransmission;

        private Play(RawNbdClient client) {
            this.client = client;
        }

        private void run(List<String> lines) throws IOException {
            for (String line : lines) {
                String[] words = line.split(" ", -1);
                switch (words[0] + " " + words[1]) {
                    case "C end" -> client.shutdownOutput();
                    case "S error" -> refused(hex(words[2]), hex(words[3]));
                    case "S ack" -> acknowledged(hex(words[2]));
                    case "S export" -> exported(Integer.parseInt(words[2]));
                    case "S reply" -> replied(words);
                    case "S serves" -> serves();
                    case "S closed" ->
                        assertThat(client.isCutOff())
                                .as("it hangs up and says nothing more")
                                .isTrue();
                    default -> {
                        if (words[0].equals("from")) {
                            begin(words[1]);
                        } else {
                            assertThat(words[0]).as(line).isEqualTo("C");
                            say(Arrays.copyOfRange(words, 1, words.length));
                        }
                    }
                }
            }
        }

        private static int hex(String word) {
            return Integer.parseUnsignedInt(word, 16);
        }

        private void begin(String phase) throws IOException {
            if (phase.equals("greeting")) {
                client.receive(18);
                return;
            }
            client.greet(RawNbdClient.CLIENT_FLAGS);
            if (phase.equals("handshake")) {
                return;
            }
            replies = new ChunkedReplies(ChunkedReplies.Style.named(phase));
            if (replies.style() != ChunkedReplies.Style.COMPACT) {
                int option = replies.style() == ChunkedReplies.Style.EXTENDED ? EXTENDED_HEADERS : STRUCTURED_REPLY;
                client.option(option, new byte[0]);
                acknowledged(option);
                selectContexts();
            }
            client.go(ServedVolume.NAME);
            isTransmission = true;
        }

        private void selectContexts() throws IOException {
            ByteBuffer data = ByteBuffer.allocate(100);
            putString(data, ServedVolume.NAME).putInt(2);
            putString(data, "base:allocation");
            putString(data, "kiobd:member").flip();
            client.option(SET_META_CONTEXT, Arrays.copyOf(data.array(), data.remaining()));
            acknowledged(SET_META_CONTEXT);
        }

        private static ByteBuffer putString(ByteBuffer data, String text) {
            byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
            return data.putInt(bytes.length).put(bytes);
        }

        private void say(String[] words) throws IOException {
            ByteBuffer message = ByteBuffer.allocate(
                    Arrays.stream(words).mapToInt(Play::lengthBytes).sum());
            for (String word : words) {
                int star = word.indexOf('*');
                byte[] bytes = HexFormat.of().parseHex(star < 0 ? word : word.substring(0, star));
                for (int left = lengthBytes(word); left > 0; left -= bytes.length) {
                    message.put(bytes);
                }
            }
            try {
                client.send(message.flip());
            } catch (ClosedByInterruptException e) {
                throw e;
            } catch (IOException e) {
                // It has hung up already, and need not listen to the end. Where it should have, the next line finds
                // that out.
            }
        }

        private static int lengthBytes(String word) {
            int star = word.indexOf('*');
            return star < 0 ? word.length() / 2 : star / 2 * Integer.parseInt(word.substring(star + 1));
        }

        private void refused(int option, int type) throws IOException {
            RawNbdClient.OptionReply reply = client.readOptionReply();
            assertThat(Integer.toHexString(reply.type()))
                    .as("type of the reply")
                    .isEqualTo(Integer.toHexString(type));
            assertThat(reply.option()).isEqualTo(option);
            assertThat(reply.data()).as("it says why").isNotEmpty();
        }

        private void acknowledged(int option) throws IOException {
            RawNbdClient.OptionReply reply = client.readOptionReply();
            while (reply.type() > RawNbdClient.REP_ACK && reply.option() == option) {
                reply = client.readOptionReply();
            }
            assertThat(Integer.toHexString(reply.type()))
                    .as("type of the reply")
                    .isEqualTo("1");
            assertThat(reply.option()).isEqualTo(option);
            assertThat(reply.data()).isEmpty();
            isTransmission |= option == RawNbdClient.OPT_GO;
        }

        private void exported(int zeroes) throws IOException {
            assertThat(client.receive(10).getLong()).isEqualTo(CorpusIT.SIZE);
            assertThat(client.receive(zeroes)).isEqualTo(ByteBuffer.allocate(zeroes));
            isTransmission = true;
        }

        private void replied(String[] words) throws IOException {
            long cookie = Long.parseUnsignedLong(words[2], 16);
            long bytes = words.length > 4 ? Long.parseLong(words[4]) : 0;
            assertThat(replies.read(client, cookie, bytes))
                    .as(String.join(" ", words))
                    .isIn(Arrays.stream(words[3].split("\\|", -1))
                            .map(Integer::valueOf)
                            .toList());
        }

        private void serves() throws IOException {
            if (isTransmission) {
                client.send(replies.style().read(LAST_COOKIE, 0, 4));
                assertThat(replies.read(client, LAST_COOKIE, 4)).isZero();
            } else {
                client.option(LIST, new byte[0]);
                acknowledged(LIST);
            }
        }
    }
}
