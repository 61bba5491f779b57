package org.kiobd.it.bench;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import org.kiobd.volume.kiobuf.Fragment;
import org.kiobd.volume.kiobuf.Kiobuf;
import org.kiobd.volume.kiobuf.Op;
import org.kiobd.volume.loop.IoLoop;

/** Memory that the requests of a benchmark share, so that a new request costs no more than its objects. Used by one thread. */
final class Payload implements AutoCloseable {
    private final ByteBuf memory;

    Payload(int bytes) {
        byte[] content = new byte[bytes];
        for (int i = 0; i < bytes; i++) {
            content[i] = (byte) (i * 31 + 1);
        }
        memory = Unpooled.directBuffer(bytes, bytes).writeBytes(content);
    }

    /** Returns a new request with one fragment, which begins at {@code atBytes} in the memory. */
    Kiobuf request(IoLoop loop, Op op, long offsetBytes, int atBytes, int lengthBytes) {
        return new Kiobuf(loop, op, offsetBytes, lengthBytes).add(Fragment.of(memory.retain(), atBytes, lengthBytes));
    }

    @Override
    public void close() {
        memory.release();
    }
}
