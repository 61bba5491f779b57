package org.kiobd.store.memory;

import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;
import org.kiobd.store.MemberCapabilities;
import org.kiobd.store.MemberCapability;
import org.kiobd.store.MemberOp;
import org.kiobd.store.MemberPort;
import org.kiobd.store.MemberStore;
import org.kiobd.store.MemberUri;
import org.kiobd.volume.ByteRange;
import org.kiobd.volume.Extent;
import org.kiobd.volume.IoError;
import org.kiobd.volume.ReadPiece;
import org.kiobd.volume.loop.IoLoop;

/**
 * A member in memory. It completes every operation inline. It is sparse: a member of a terabyte takes only the heap memory of its written
 * pages, 64 KiB each. Nothing limits that memory. Borrows it from its provider, so that closing the member keeps the data. Threads: as in
 * {@link MemberStore}.
 */
public final class MemoryMemberStore implements MemberStore {
    private static final MemberCapabilities CAPABILITIES = MemberCapabilities.of(
            MemberCapability.TRIM,
            MemberCapability.WRITE_ZEROES,
            MemberCapability.FAST_ZERO,
            MemberCapability.EXTENTS,
            MemberCapability.RESIZE);

    private final MemberUri uri;
    private final MemoryMedium medium;
    private final boolean readOnly;
    private final boolean superblocks;
    private final LongAdder ops = new LongAdder();
    private final AtomicBoolean closed = new AtomicBoolean();

    MemoryMemberStore(MemberUri uri, MemoryMedium medium, boolean readOnly, boolean superblocks) {
        this.uri = uri;
        this.medium = medium;
        this.readOnly = readOnly;
        this.superblocks = superblocks;
    }

    @Override
    public MemberUri uri() {
        return uri;
    }

    @Override
    public MemberCapabilities capabilities() {
        return CAPABILITIES;
    }

    @Override
    public long sizeBytes() {
        return medium.sizeBytes();
    }

    @Override
    public boolean isReadOnly() {
        return readOnly;
    }

    @Override
    public MemberPort port(IoLoop loop) {
        return new Port();
    }

    @Override
    public byte @Nullable [] readSuperblock(int copy) {
        return superblocks ? medium.superblock(copy) : null;
    }

    @Override
    public void writeSuperblock(int copy, byte[] bytes) {
        medium.superblock(copy, bytes);
    }

    @Override
    public void resize(long newSizeBytes) {
        medium.resize(newSizeBytes);
    }

    @Override
    public long allocatedBytes() {
        return medium.allocatedBytes();
    }

    @Override
    public long submittedOps() {
        return ops.sum();
    }

    @Override
    public void close() {
        if (closed.compareAndSet(false, true)) {
            medium.close(readOnly);
        }
    }

    private final class Port implements MemberPort {
        @Override
        public void submit(MemberOp op) {
            ops.increment();
            if (readOnly && op.op().mutates()) {
                op.complete(0, IoError.NOT_PERMITTED);
                return;
            }
            switch (op.op()) {
                case READ -> read(op);
                case WRITE -> write(op);
                case TRIM, WRITE_ZEROES -> medium.zero(op.offsetBytes(), op.lengthBytes());
                case FLUSH, CACHE -> {}
            }
            op.complete(op.lengthBytes(), null);
        }

        private void write(MemberOp op) {
            long offsetBytes = op.offsetBytes();
            for (int i = 0; i < op.entries(); i++) {
                int lengthBytes = (int) op.entryLengthBytes(i);
                medium.write(offsetBytes, op.memory(i), op.memoryOffsetBytes(i), lengthBytes);
                offsetBytes += lengthBytes;
            }
        }

        private void read(MemberOp op) {
            if (op.accepts(ReadPiece.ACCEPT_HOLE)) {
                placeHoles(op);
            }
            long offsetBytes = op.offsetBytes();
            for (int i = 0; i < op.entries(); i++) {
                int lengthBytes = (int) op.entryLengthBytes(i);
                medium.read(offsetBytes, op.memory(i), op.memoryOffsetBytes(i), lengthBytes);
                offsetBytes += lengthBytes;
            }
        }

        private void placeHoles(MemberOp op) {
            long atBytes = 0;
            while (atBytes < op.lengthBytes()) {
                long offsetBytes = op.offsetBytes() + atBytes;
                long pageRest = MemoryMedium.PAGE_BYTES - offsetBytes % MemoryMedium.PAGE_BYTES;
                long count = Math.min(pageRest, op.lengthBytes() - atBytes);
                if (medium.isHole(offsetBytes)) {
                    op.place(atBytes, new ReadPiece.Hole(count));
                }
                atBytes += count;
            }
        }

        @Override
        public CompletionStage<List<Extent>> extents(ByteRange range, int maxExtents) {
            return CompletableFuture.completedFuture(medium.extents(range, maxExtents));
        }

        @Override
        public void unplug() {}

        @Override
        public void close() {}
    }
}
