package org.kiobd.it.bench;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import org.kiobd.volume.kiobuf.Fragment;
import org.kiobd.volume.kiobuf.Kiobuf;
import org.kiobd.volume.kiobuf.KiobufChain;
import org.kiobd.volume.kiobuf.Op;
import org.kiobd.volume.loop.IoLoop;

/** Adjacent WRITEs that a benchmark merges and splits repeatedly, and never completes. Used by one thread. */
final class Requests implements AutoCloseable {
    private static final IoLoop LOOP = new TurnedLoop();

    private final Kiobuf[] requests;

    /**
     * @param count requests
     * @param fragments pieces of memory in each
     * @param fragmentBytes bytes in each piece
     */
    Requests(int count, int fragments, int fragmentBytes) {
        requests = new Kiobuf[count];
        long lengthBytes = (long) fragments * fragmentBytes;
        for (int i = 0; i < count; i++) {
            Kiobuf request = new Kiobuf(LOOP, Op.WRITE, i * lengthBytes, lengthBytes);
            for (int j = 0; j < fragments; j++) {
                request.add(Fragment.of(memory(i * fragments + j, fragmentBytes), 0, fragmentBytes));
            }
            requests[i] = request;
        }
    }

    /** Returns a filled buffer. Fills it in one call, because Netty's leak detection records each call on a buffer. */
    private static ByteBuf memory(int number, int bytes) {
        byte[] content = new byte[bytes];
        for (int i = 0; i < bytes; i++) {
            content[i] = (byte) (number * 31 + i);
        }
        return Unpooled.directBuffer(bytes, bytes).writeBytes(content);
    }

    int count() {
        return requests.length;
    }

    /** Returns request {@code index}, unlinked from its chain. */
    Kiobuf get(int index) {
        return requests[index].unlinked();
    }

    /** Returns all requests, merged into one chain. */
    KiobufChain chain() {
        KiobufChain chain = KiobufChain.of(get(0));
        for (int i = 1; i < requests.length; i++) {
            chain.join(KiobufChain.of(get(i)));
        }
        return chain;
    }

    /** Releases the memory of the requests; no chain of them may be used afterwards. */
    @Override
    public void close() {
        for (Kiobuf request : requests) {
            request.release();
        }
    }
}
