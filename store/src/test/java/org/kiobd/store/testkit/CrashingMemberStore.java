package org.kiobd.store.testkit;

import java.util.BitSet;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.kiobd.store.MemberCapabilities;
import org.kiobd.store.MemberCapability;
import org.kiobd.store.MemberOp;
import org.kiobd.store.MemberPort;
import org.kiobd.store.MemberStore;
import org.kiobd.store.MemberUri;
import org.kiobd.volume.BlockIoException;
import org.kiobd.volume.IoError;
import org.kiobd.volume.kiobuf.Kiobuf;
import org.kiobd.volume.loop.IoLoop;

/**
 * A small member with a volatile cache, and a power cut. The fault model: a byte that was changed and not synced since has, after
 * {@link #crash}, its new or its last synced content, each piece of a random length for itself (so writes are torn and reordered); a
 * synced byte is never lost. Once power is off, operations do not end any more. Not modelled: bytes that change without being written.
 * One thread.
 */
public final class CrashingMemberStore implements MemberStore {
    private static final int MAX_PIECE_BYTES = 700;

    private final Power power;
    private final byte[] durable;
    private byte[] current;
    private final BitSet dirty;

    /** What several members hang on: fails after a number of operations. */
    public static final class Power {
        private long operationsLeft;

        /** @param operationsLeft operations done before power fails */
        public Power(long operationsLeft) {
            this.operationsLeft = operationsLeft;
        }

        public boolean isOn() {
            return operationsLeft > 0;
        }

        /** Comes back, for good. */
        public void restore() {
            operationsLeft = Long.MAX_VALUE;
        }
    }

    public CrashingMemberStore(Power power, int sizeBytes) {
        this.power = power;
        this.durable = new byte[sizeBytes];
        this.current = new byte[sizeBytes];
        this.dirty = new BitSet(sizeBytes);
    }

    /** What power being cut leaves behind. */
    public void crash(Random random) {
        int at = dirty.nextSetBit(0);
        while (at >= 0) {
            int end = Math.min(dirty.nextClearBit(at), at + 1 + random.nextInt(MAX_PIECE_BYTES));
            if (random.nextBoolean()) {
                System.arraycopy(current, at, durable, at, end - at);
            }
            at = dirty.nextSetBit(end);
        }
        current = durable.clone();
        dirty.clear();
    }

    @Override
    public MemberPort port(IoLoop loop) {
        return new MemberPort() {
            @Override
            public void submit(MemberOp op) {
                if (power.isOn()) {
                    power.operationsLeft--;
                    perform(op);
                    op.complete(op.lengthBytes(), null);
                }
            }

            @Override
            public void unplug() {}

            @Override
            public void close() {}
        };
    }

    private void perform(MemberOp op) {
        int at = (int) op.offsetBytes();
        int end = (int) (op.offsetBytes() + op.lengthBytes());
        switch (op.op()) {
            case READ, WRITE -> transfer(op, at);
            case TRIM, WRITE_ZEROES -> java.util.Arrays.fill(current, at, end, (byte) 0);
            case FLUSH -> sync(0, current.length);
            case CACHE -> {}
        }
        if (op.op().mutates()) {
            dirty.set(at, end);
            if (op.has(Kiobuf.FUA)) {
                sync(at, end);
            }
        }
    }

    private void transfer(MemberOp op, int start) {
        int at = start;
        for (int i = 0; i < op.entries(); i++) {
            int count = (int) op.entryLengthBytes(i);
            if (op.op().mutates()) {
                op.memory(i).getBytes(op.memoryOffsetBytes(i), current, at, count);
            } else {
                op.memory(i).setBytes(op.memoryOffsetBytes(i), current, at, count);
            }
            at += count;
        }
    }

    private void sync(int from, int end) {
        System.arraycopy(current, from, durable, from, end - from);
        dirty.clear(from, end);
    }

    @Override
    public MemberUri uri() {
        return MemberUri.parse("crashing:member");
    }

    @Override
    public MemberCapabilities capabilities() {
        return MemberCapabilities.of(
                MemberCapability.TRIM,
                MemberCapability.WRITE_ZEROES,
                MemberCapability.FAST_ZERO,
                MemberCapability.DURABLE_FLUSH);
    }

    @Override
    public long sizeBytes() {
        return current.length;
    }

    @Override
    public boolean isReadOnly() {
        return false;
    }

    @Override
    public byte @Nullable [] readSuperblock(int copy) {
        return null;
    }

    @Override
    public void writeSuperblock(int copy, byte[] bytes) throws BlockIoException {
        throw new BlockIoException(IoError.NOT_SUPPORTED, "keeps no superblock");
    }

    @Override
    public void resize(long newSizeBytes) throws BlockIoException {
        throw new BlockIoException(IoError.NOT_SUPPORTED, "keeps its size=" + current.length);
    }

    @Override
    public long allocatedBytes() {
        return current.length;
    }

    @Override
    public void close() {}
}
