package org.kiobd.it.bench;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.netty.buffer.UnpooledHeapByteBuf;
import io.netty.buffer.UnpooledUnsafeDirectByteBuf;
import java.nio.ByteBuffer;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Payload memory that counts every byte our code copies into or out of it. Lending it in place (its address to the kernel, or a view to a
 * database) copies nothing, but a view that a method named {@code copy...} takes counts as copied by that method. Slow, for counting only.
 * Thread-safe.
 */
final class CountingMemory {
    private static final StackWalker STACK = StackWalker.getInstance();

    private final AtomicLong copiedBytes = new AtomicLong();

    long copiedBytes() {
        return copiedBytes.get();
    }

    ByteBuf direct(int bytes) {
        return new Direct(bytes);
    }

    ByteBuf heap(int bytes) {
        return new Heap(bytes);
    }

    /** Counts {@code bytes} as copied, unless the caller is Netty's buffer code, which calls its own methods. */
    private void moved(long bytes) {
        String caller = callerClass();
        if (!caller.startsWith("io.netty.buffer.")) {
            copiedBytes.addAndGet(bytes);
        }
    }

    private void viewed(long bytes) {
        StackWalker.StackFrame caller = caller();
        if (caller.getMethodName().startsWith("copy")) {
            copiedBytes.addAndGet(bytes);
        }
    }

    private static String callerClass() {
        return caller().getClassName();
    }

    private static StackWalker.StackFrame caller() {
        return STACK.walk(frames -> frames.filter(
                        frame -> !frame.getClassName().startsWith(CountingMemory.class.getName()))
                .findFirst()
                .orElseThrow());
    }

    private final class Direct extends UnpooledUnsafeDirectByteBuf {
        Direct(int bytes) {
            super(UnpooledByteBufAllocator.DEFAULT, bytes, bytes);
        }

        @Override
        public ByteBuf getBytes(int index, byte[] to, int at, int bytes) {
            moved(bytes);
            return super.getBytes(index, to, at, bytes);
        }

        @Override
        public ByteBuf getBytes(int index, ByteBuf to, int at, int bytes) {
            moved(bytes);
            return super.getBytes(index, to, at, bytes);
        }

        @Override
        public ByteBuf getBytes(int index, ByteBuffer to) {
            moved(to.remaining());
            return super.getBytes(index, to);
        }

        @Override
        public ByteBuf setBytes(int index, byte[] from, int at, int bytes) {
            moved(bytes);
            return super.setBytes(index, from, at, bytes);
        }

        @Override
        public ByteBuf setBytes(int index, ByteBuf from, int at, int bytes) {
            moved(bytes);
            return super.setBytes(index, from, at, bytes);
        }

        @Override
        public ByteBuf setBytes(int index, ByteBuffer from) {
            moved(from.remaining());
            return super.setBytes(index, from);
        }

        @Override
        public ByteBuffer nioBuffer(int index, int bytes) {
            viewed(bytes);
            return super.nioBuffer(index, bytes);
        }
    }

    private final class Heap extends UnpooledHeapByteBuf {
        Heap(int bytes) {
            super(UnpooledByteBufAllocator.DEFAULT, bytes, bytes);
        }

        @Override
        public ByteBuf getBytes(int index, byte[] to, int at, int bytes) {
            moved(bytes);
            return super.getBytes(index, to, at, bytes);
        }

        @Override
        public ByteBuf getBytes(int index, ByteBuf to, int at, int bytes) {
            moved(bytes);
            return super.getBytes(index, to, at, bytes);
        }

        @Override
        public ByteBuf setBytes(int index, byte[] from, int at, int bytes) {
            moved(bytes);
            return super.setBytes(index, from, at, bytes);
        }

        @Override
        public ByteBuf setBytes(int index, ByteBuf from, int at, int bytes) {
            moved(bytes);
            return super.setBytes(index, from, at, bytes);
        }

        @Override
        public ByteBuf setBytes(int index, ByteBuffer from) {
            moved(from.remaining());
            return super.setBytes(index, from);
        }

        @Override
        public ByteBuffer nioBuffer(int index, int bytes) {
            viewed(bytes);
            return super.nioBuffer(index, bytes);
        }
    }
}
