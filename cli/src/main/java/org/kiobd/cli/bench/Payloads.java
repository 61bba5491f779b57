package org.kiobd.cli.bench;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.SplittableRandom;

/** Bytes to write that no server can make smaller: cut from one large piece of random memory. Any thread; close it last. */
final class Payloads implements AutoCloseable {
    private static final int BYTES = 4 << 20;
    private static final int STEP_BYTES = 512;

    private final ByteBuf memory;
    private final int blockBytes;

    Payloads(SplittableRandom random, int blockBytes) {
        this.blockBytes = blockBytes;
        this.memory = Unpooled.directBuffer(BYTES + blockBytes);
        while (memory.writableBytes() >= Long.BYTES) {
            memory.writeLong(random.nextLong());
        }
        memory.writeZero(memory.writableBytes());
    }

    /** The next; returned owned. */
    ByteBuf next(SplittableRandom random) {
        return memory.retainedSlice(random.nextInt(BYTES / STEP_BYTES) * STEP_BYTES, blockBytes);
    }

    @Override
    public void close() {
        memory.release();
    }
}
