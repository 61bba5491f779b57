package org.kiobd.nbd.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.function.IntFunction;
import org.kiobd.nbd.HeaderStyle;

/** A client's view of the three kinds of headers: turns compact requests into others, and reads replies of any kind. */
public final class StyledWire {
    private static final int REQUEST_BYTES = 28;
    private static final int WRITE = 1;
    private static final int PAYLOAD_LEN = 0x20;

    private final HeaderStyle style;
    private final Map<Long, Long> offsets = new HashMap<>();

    /**
     * One whole reply.
     *
     * @param text what an error said
     * @param errorOffset where it happened; -1 if it did not say
     * @param data of a READ, holes as zeros; empty where {@code isChunked} is false: simple replies do not say how much follows
     * @param holeBytes how much of the data came as holes
     */
    public record Reply(
            long cookie, int errno, String text, long errorOffset, ByteBuffer data, int holeBytes, boolean isChunked) {}

    private static final Reply NOTHING = new Reply(0, 0, "", -1, ByteBuffer.allocate(0), 0, true);

    public StyledWire(HeaderStyle style) {
        this.style = style;
    }

    /** The same requests in this style: headers translated, payload as it is. */
    public byte[] requests(byte[] compact) {
        ByteBuffer in = ByteBuffer.wrap(compact);
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        while (in.remaining() >= REQUEST_BYTES && in.getInt(in.position()) == 0x25609513) {
            int flags = in.getShort(in.position() + 4) & 0xffff;
            int type = in.getShort(in.position() + 6) & 0xffff;
            long lengthBytes = Integer.toUnsignedLong(in.getInt(in.position() + 24));
            offsets.put(in.getLong(in.position() + 8), in.getLong(in.position() + 16));
            byte[] header = new byte[REQUEST_BYTES];
            in.get(header);
            out.writeBytes(style == HeaderStyle.EXTENDED ? extended(header, type, flags, lengthBytes) : header);
            int payloadBytes = type == WRITE ? (int) Math.min(lengthBytes, in.remaining()) : 0;
            byte[] payload = new byte[payloadBytes];
            in.get(payload);
            out.writeBytes(payload);
        }
        byte[] rest = new byte[in.remaining()];
        in.get(rest);
        out.writeBytes(rest);
        return out.toByteArray();
    }

    private static byte[] extended(byte[] header, int type, int flags, long lengthBytes) {
        return ByteBuffer.allocate(32)
                .putInt(0x21e41c71)
                .putShort((short) (type == WRITE ? flags | PAYLOAD_LEN : flags))
                .put(header, 6, 18)
                .putLong(lengthBytes)
                .array();
    }

    /** A request with this cookie was sent, at this offset. */
    public void expect(long cookie, long offset) {
        offsets.put(cookie, offset);
    }

    /** Reads the next reply, all chunks of it, which must follow each other. */
    public Reply reply(IntFunction<byte[]> receive) {
        if (style == HeaderStyle.SIMPLE) {
            ByteBuffer header = ByteBuffer.wrap(receive.apply(16));
            assertThat(header.getInt()).isEqualTo(0x67446698);
            int errno = header.getInt();
            return new Reply(header.getLong(), errno, "", -1, ByteBuffer.allocate(0), 0, false);
        }
        return chunks(receive);
    }

    private Reply chunks(IntFunction<byte[]> receive) {
        Reply reply = NOTHING;
        boolean done = false;
        ByteArrayOutputStream data = new ByteArrayOutputStream();
        int holeBytes = 0;
        while (!done) {
            boolean isExtended = style == HeaderStyle.EXTENDED;
            ByteBuffer header = ByteBuffer.wrap(receive.apply(isExtended ? 32 : 20));
            assertThat(header.getInt()).isEqualTo(isExtended ? 0x6e8a278c : 0x668e33ef);
            int flags = header.getShort();
            done = flags == 1;
            assertThat(flags).isBetween(0, 1);
            int type = header.getShort() & 0xffff;
            long cookie = header.getLong();
            assertThat(reply.equals(NOTHING) || reply.cookie == cookie)
                    .as("chunks of one reply")
                    .isTrue();
            if (isExtended) {
                assertThat(header.getLong()).as("offset").isEqualTo(offsets.get(cookie));
            }
            int payloadBytes = isExtended ? Math.toIntExact(header.getLong()) : header.getInt();
            ByteBuffer payload = ByteBuffer.wrap(receive.apply(payloadBytes));
            if (type == 1 || type == 2) {
                assertThat(payload.getLong())
                        .as("chunks in order")
                        .isEqualTo(Objects.requireNonNull(offsets.get(cookie)) + data.size());
                int holes = type == 2 ? payload.getInt() : 0;
                holeBytes += holes;
                data.writeBytes(type == 2 ? new byte[holes] : Arrays.copyOfRange(payload.array(), 8, payloadBytes));
            }
            reply = type >= 0x8000
                    ? error(cookie, type, payload)
                    : new Reply(cookie, 0, "", -1, ByteBuffer.wrap(data.toByteArray()), holeBytes, true);
        }
        return reply;
    }

    private static Reply error(long cookie, int type, ByteBuffer payload) {
        int errno = payload.getInt();
        byte[] text = new byte[payload.getShort()];
        payload.get(text);
        long offset = type == 0x8002 ? payload.getLong() : -1;
        assertThat(payload.hasRemaining()).isFalse();
        String said = new String(text, StandardCharsets.UTF_8);
        assertThat(said).as("an error says why").isNotBlank();
        return new Reply(cookie, errno, said, offset, ByteBuffer.allocate(0), 0, true);
    }
}
