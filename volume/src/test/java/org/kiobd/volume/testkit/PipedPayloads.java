package org.kiobd.volume.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.Objects;
import org.kiobd.volume.kiobuf.PagePool;
import org.kiobd.volume.kiobuf.PipedPayload;

/** Payloads that stand in pipes, as if a socket had brought them. */
public final class PipedPayloads {
    private PipedPayloads() {}

    /** One of {@code data}, all of which was there at once. Returns owned. */
    public static PipedPayload of(PagePool pool, byte[] data) {
        return slow(pool, data, 0);
    }

    /** One of {@code data}, of which the next part had to be waited for {@code waits} times. Returns owned. */
    public static PipedPayload slow(PagePool pool, byte[] data, int waits) {
        PipedPayload payload = Objects.requireNonNull(PipedPayload.of(pool, data.length));
        fill(payload, data, waits);
        return payload;
    }

    /** Fills {@code payload}, which is empty, with {@code data}, of which the next part has to be waited for {@code waits} times. */
    static void fill(PipedPayload payload, byte[] data, int waits) {
        int partBytes = data.length / (waits + 1);
        for (int i = 0; i < waits; i++) {
            fill(payload, data, i * partBytes, partBytes);
            payload.waited();
        }
        fill(payload, data, waits * partBytes, data.length - waits * partBytes);
    }

    /** Appends {@code bytes} of {@code data} to {@code payload}, which must take them all. */
    public static void fill(PipedPayload payload, byte[] data, int from, int bytes) {
        ByteBuf memory = Unpooled.directBuffer(bytes).writeBytes(data, from, bytes);
        payload.fill(memory);
        assertThat(memory.isReadable()).isFalse();
        memory.release();
    }
}
