package org.kiobd.cli.bench;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.SplittableRandom;
import org.kiobd.volume.kiobuf.Fragment;

/** Payloads that no server can compress, cut from one large buffer of random data. Any thread; close it last. */
final class Payloads implements AutoCloseable {
    private static final int BYTES = 4 << 20;
    private static final int STEP_BYTES = 512;

    private final ByteBuf memory;
    private final Fragment[] cuts = new Fragment[BYTES / STEP_BYTES];

    Payloads(SplittableRandom random, int blockBytes) {
        this.memory = Unpooled.directBuffer(BYTES + blockBytes);
        while (memory.writableBytes() >= Long.BYTES) {
            memory.writeLong(random.nextLong());
        }
        memory.writeZero(memory.writableBytes());
        for (int i = 0; i < cuts.length; i++) {
            cuts[i] = Fragment.of(memory, i * STEP_BYTES, blockBytes);
        }
    }

    /** Returns a random payload; borrowed until this object is closed. */
    Fragment next(SplittableRandom random) {
        return cuts[random.nextInt(cuts.length)];
    }

    @Override
    public void close() {
        memory.release();
    }
}
