package org.kiobd.attach.netlink;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The attributes of a netlink message: u16 length with this header, u16 type, the value, padding to 4 bytes; all in the byte order of the
 * machine (linux/netlink.h, struct nlattr). Not thread-safe.
 */
final class Attributes {
    private static final int HEADER_BYTES = 4;
    private static final int ALIGN_BYTES = 4;
    private static final int NLA_F_NESTED = 0x8000;
    private static final int TYPE_MASK = 0x3FFF;
    private static final int FIRST_BYTES = 512;

    private ByteBuffer out = ByteBuffer.allocate(FIRST_BYTES).order(ByteOrder.nativeOrder());

    Attributes u32(int type, int value) {
        begin(type, Integer.BYTES).putInt(value);
        return this;
    }

    Attributes u64(int type, long value) {
        begin(type, Long.BYTES).putLong(value);
        return this;
    }

    /** Adds a text with the zero byte at its end. */
    Attributes text(int type, String value) {
        byte[] bytes = value.getBytes(StandardCharsets.UTF_8);
        begin(type, bytes.length + 1).put(bytes).put((byte) 0);
        pad();
        return this;
    }

    /** Adds an attribute that consists of attributes. */
    Attributes nest(int type, Consumer<Attributes> fill) {
        Attributes inner = new Attributes();
        fill.accept(inner);
        ByteBuffer bytes = inner.bytes();
        begin(type | NLA_F_NESTED, bytes.remaining()).put(bytes);
        pad();
        return this;
    }

    private ByteBuffer begin(int type, int valueBytes) {
        int needed = HEADER_BYTES + valueBytes + ALIGN_BYTES;
        if (out.remaining() < needed) {
            out = ByteBuffer.allocate(2 * out.capacity() + needed)
                    .order(ByteOrder.nativeOrder())
                    .put(out.flip());
        }
        return out.putShort((short) (HEADER_BYTES + valueBytes)).putShort((short) type);
    }

    private void pad() {
        while (out.position() % ALIGN_BYTES != 0) {
            out.put((byte) 0);
        }
    }

    /** Returns the encoded attributes; nothing is added afterwards. */
    ByteBuffer bytes() {
        return out.flip();
    }

    /** Attributes that were received. Immutable. */
    static final class Received {
        private final Map<Integer, List<ByteBuffer>> values = new HashMap<>();

        /** Decodes {@code in} from its position to its limit; what is cut off is left out. */
        Received(ByteBuffer in) {
            ByteBuffer rest = in.slice().order(ByteOrder.nativeOrder());
            while (rest.remaining() >= HEADER_BYTES) {
                int start = rest.position();
                int bytes = rest.getShort() & 0xFFFF;
                int type = rest.getShort() & TYPE_MASK;
                if (bytes < HEADER_BYTES || bytes > rest.limit() - start) {
                    break;
                }
                values.computeIfAbsent(type, number -> new ArrayList<>())
                        .add(rest.slice(rest.position(), bytes - HEADER_BYTES).order(ByteOrder.nativeOrder()));
                int next = start + (bytes + ALIGN_BYTES - 1) / ALIGN_BYTES * ALIGN_BYTES;
                rest.position(Math.min(next, rest.limit()));
            }
        }

        private @Nullable ByteBuffer first(int type, int leastBytes) {
            List<ByteBuffer> all = values.getOrDefault(type, List.of());
            return all.isEmpty() || all.get(0).remaining() < leastBytes ? null : all.get(0);
        }

        /** Returns a number of 1, 2 or 4 bytes, or {@code otherwise} if there is none. */
        int number(int type, int otherwise) {
            ByteBuffer value = first(type, 1);
            if (value == null) {
                return otherwise;
            }
            return switch (value.remaining()) {
                case Byte.BYTES -> value.get(0) & 0xFF;
                case Short.BYTES -> value.getShort(0) & 0xFFFF;
                case Integer.BYTES -> value.getInt(0);
                default -> otherwise;
            };
        }

        /** Returns a text up to its zero byte; null if there is none. */
        @Nullable
        String text(int type) {
            ByteBuffer value = first(type, 0);
            if (value == null) {
                return null;
            }
            int end = 0;
            while (end < value.remaining() && value.get(end) != 0) {
                end++;
            }
            return StandardCharsets.UTF_8.decode(value.slice(0, end)).toString();
        }

        /** Returns the attributes in an attribute; none if it is absent. */
        Received nested(int type) {
            ByteBuffer value = first(type, 0);
            return new Received(value == null ? ByteBuffer.allocate(0) : value);
        }

        /** Returns the attributes in each attribute, whatever its type. */
        List<Received> items() {
            return values.values().stream()
                    .flatMap(List::stream)
                    .map(Received::new)
                    .toList();
        }
    }
}
