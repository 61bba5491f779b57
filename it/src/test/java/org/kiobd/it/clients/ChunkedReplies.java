package org.kiobd.it.clients;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Locale;
import org.kiobd.nbd.testkit.RawNbdClient;

/** Reads replies of every style, with numbers of its own, and weighs their data without keeping it. One connection's. */
final class ChunkedReplies {
    /** What was negotiated. */
    enum Style {
        COMPACT,
        STRUCTURED,
        EXTENDED;

        static Style named(String name) {
            return valueOf(name.toUpperCase(Locale.ROOT));
        }

        /** A READ, ready to be sent. */
        ByteBuffer read(long cookie, long offset, int lengthBytes) {
            ByteBuffer request = ByteBuffer.allocate(32)
                    .putInt(this == EXTENDED ? 0x21e41c71 : 0x25609513)
                    .putInt(RawNbdClient.READ)
                    .putLong(cookie)
                    .putLong(offset);
            return (this == EXTENDED ? request.putLong(lengthBytes) : request.putInt(lengthBytes)).flip();
        }
    }

    private static final int SIMPLE_MAGIC = 0x67446698;
    private static final int STRUCTURED_MAGIC = 0x668e33ef;
    private static final int EXTENDED_MAGIC = 0x6e8a278c;
    private static final int DONE = 1;
    private static final int MAX_PIECE_BYTES = 1 << 20;

    private final Style style;

    ChunkedReplies(Style style) {
        this.style = style;
    }

    Style style() {
        return style;
    }

    /**
     * The next reply, which has to have this cookie.
     *
     * @param bytes how much data, holes included, a reply without error has
     * @return its error; 0 for none
     */
    int read(RawNbdClient client, long cookie, long bytes) throws IOException {
        return style == Style.COMPACT ? simple(client, cookie, bytes) : chunks(client, cookie, bytes);
    }

    private static int simple(RawNbdClient client, long cookie, long bytes) throws IOException {
        ByteBuffer header = client.receive(16);
        assertThat(header.getInt()).as("magic").isEqualTo(SIMPLE_MAGIC);
        int error = header.getInt();
        assertThat(header.getLong()).as("cookie").isEqualTo(cookie);
        if (error == 0) {
            skip(client, bytes);
        }
        return error;
    }

    private int chunks(RawNbdClient client, long cookie, long bytes) throws IOException {
        boolean extended = style == Style.EXTENDED;
        int error = 0;
        long data = 0;
        boolean done = false;
        while (!done) {
            ByteBuffer header = client.receive(extended ? 32 : 20);
            assertThat(header.getInt()).as("magic").isEqualTo(extended ? EXTENDED_MAGIC : STRUCTURED_MAGIC);
            done = (header.getShort() & DONE) != 0;
            int type = header.getShort() & 0xffff;
            assertThat(header.getLong()).as("cookie").isEqualTo(cookie);
            if (extended) {
                header.getLong();
            }
            long length = extended ? header.getLong() : header.getInt() & 0xffff_ffffL;
            switch (type) {
                case 0 -> assertThat(length).as("length of NONE").isZero();
                case 1 -> {
                    skip(client, length);
                    data += length - 8;
                }
                case 2 -> {
                    assertThat(length).as("length of OFFSET_HOLE").isEqualTo(12);
                    data += client.receive(12).getInt(8) & 0xffff_ffffL;
                }
                case 5 -> skip(client, length);
                case 6 -> skip(client, length);
                default -> {
                    assertThat(type).as("type of the chunk").isIn(0x8001, 0x8002);
                    error = client.receive((int) length).getInt();
                    assertThat(error).as("an error chunk's error").isPositive();
                }
            }
        }
        if (error == 0) {
            assertThat(data).as("bytes of data and holes").isEqualTo(bytes);
        }
        return error;
    }

    private static void skip(RawNbdClient client, long bytes) throws IOException {
        for (long left = bytes; left > 0; left -= MAX_PIECE_BYTES) {
            client.receive((int) Math.min(left, MAX_PIECE_BYTES));
        }
    }
}
