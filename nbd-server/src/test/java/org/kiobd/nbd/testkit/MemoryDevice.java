package org.kiobd.nbd.testkit;

import io.netty.buffer.ByteBuf;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.kiobd.volume.BlockDevice;
import org.kiobd.volume.BlockIoException;
import org.kiobd.volume.ByteRange;
import org.kiobd.volume.DeviceCounters;
import org.kiobd.volume.DeviceInfo;
import org.kiobd.volume.Extent;
import org.kiobd.volume.IoError;
import org.kiobd.volume.MemberRun;
import org.kiobd.volume.ReadPiece;
import org.kiobd.volume.kiobuf.Fragment;
import org.kiobd.volume.kiobuf.Kiobuf;
import org.kiobd.volume.kiobuf.KiobufChain;
import org.kiobd.volume.kiobuf.Op;
import org.kiobd.volume.kiobuf.Payload;
import org.kiobd.volume.loop.IoLoop;
import org.kiobd.volume.testkit.Ranges;

/**
 * A device whose bytes are one array. It can be told to have no room ({@link #stop}), to keep what was issued unanswered ({@link #hold}),
 * to fail, and to grow. Requests run on their loop; everything else from any thread.
 */
public final class MemoryDevice implements BlockDevice {
    private final DeviceInfo info;
    private final ByteBuffer bytes;
    private volatile long sizeBytes;
    private volatile boolean stopped;
    private volatile boolean holding;
    private volatile @Nullable IoError failure;
    private volatile @Nullable IoLoop lastLoop;
    private final AtomicInteger issued = new AtomicInteger();
    private final AtomicInteger flushes = new AtomicInteger();
    private final AtomicInteger durable = new AtomicInteger();
    private final Map<IoLoop, Runnable> listeners = new ConcurrentHashMap<>();
    private final List<ByteRange> holes = new CopyOnWriteArrayList<>();
    private volatile boolean extentsFail;
    private volatile int fileDescriptor = -1;
    private final AtomicInteger fileReads = new AtomicInteger();
    private volatile int alignmentBytes = 1;
    private final AtomicInteger misalignedFragments = new AtomicInteger();
    private volatile Payload.Form preferredPayload = Payload.Form.MEMORY;
    private final AtomicInteger pipedWrites = new AtomicInteger();
    private final AtomicInteger slowWrites = new AtomicInteger();
    private volatile CompletableFuture<Boolean> gate = CompletableFuture.completedFuture(true);
    private final ArrayDeque<Runnable> held = new ArrayDeque<>();

    public MemoryDevice(int sizeBytes) {
        this(DeviceInfo.of("memory", new UUID(0, 0), false), sizeBytes, sizeBytes);
    }

    /** @param capacityBytes how far it may {@link #grow} */
    public MemoryDevice(DeviceInfo info, int sizeBytes, int capacityBytes) {
        this.info = info;
        this.sizeBytes = sizeBytes;
        this.bytes = ByteBuffer.allocateDirect(capacityBytes);
    }

    /** From now on no chain has room: requests wait unissued. */
    public void stop() {
        stopped = true;
    }

    /** Undoes {@link #stop}. */
    public void go() {
        stopped = false;
        listeners.forEach(IoLoop::execute);
    }

    /** From now on what is issued is done but not completed. */
    public void hold() {
        holding = true;
    }

    /** Undoes {@link #hold}, and completes what was held. */
    public void release() {
        holding = false;
        synchronized (held) {
            held.forEach(Runnable::run);
            held.clear();
        }
    }

    /** From now on every request fails; null: none does. */
    public void failWith(@Nullable IoError newFailure) {
        failure = newFailure;
    }

    /** From now on nothing is stored for {@code hole}: it reads as zeros, and as a hole where that is accepted. */
    public void makeHole(ByteRange hole) {
        bytes.put((int) hole.offsetBytes(), new byte[(int) hole.lengthBytes()]);
        holes.add(hole);
    }

    /** It wants memory that is aligned so; before it is exported. */
    public void wantAligned(int newAlignmentBytes) {
        alignmentBytes = newAlignmentBytes;
    }

    @Override
    public int memoryAlignmentBytes() {
        return alignmentBytes;
    }

    /** It wants what WRITEs have in pipes; before it is exported. */
    public void takePipes() {
        preferredPayload = Payload.Form.PIPES;
    }

    @Override
    public Payload.Form preferredPayload() {
        return preferredPayload;
    }

    /** WRITEs whose bytes came in pipes. */
    public int pipedWrites() {
        return pipedWrites.get();
    }

    /** Those of them that came slowly. */
    public int slowWrites() {
        return slowWrites.get();
    }

    /** How many fragments with data began elsewhere, or were no multiple of that long. */
    public int misalignedFragments() {
        return misalignedFragments.get();
    }

    private void look(Kiobuf request) {
        for (int i = 0; i < request.fragmentCount(); i++) {
            Fragment fragment = request.fragment(i);
            Payload payload = new Payload();
            payload.add(fragment, 0, fragment.lengthBytes());
            if (payload.isInPipes()) {
                pipedWrites.incrementAndGet();
                slowWrites.addAndGet(payload.cameSlowly() ? 1 : 0);
            }
            long address = fragment.memory().memoryAddress() + fragment.offsetBytes();
            if (fragment.lengthBytes() > 0 && (address | fragment.lengthBytes()) % alignmentBytes != 0) {
                misalignedFragments.incrementAndGet();
            }
        }
    }

    /** From now on what is stored cannot be told. */
    public void failExtents() {
        extentsFail = true;
    }

    @Override
    public CompletionStage<List<Extent>> extents(IoLoop loop, ByteRange range, int maxExtents) {
        if (extentsFail) {
            return CompletableFuture.failedFuture(new BlockIoException(IoError.IO, "the medium does not say"));
        }
        List<Extent> extents = new ArrayList<>();
        long at = range.offsetBytes();
        while (at < range.endBytes() && extents.size() < maxExtents) {
            long start = at;
            boolean isHole = isHole(at);
            while (at < range.endBytes() && isHole(at) == isHole) {
                at++;
            }
            extents.add(new Extent(at - start, isHole ? Extent.Kind.HOLE : Extent.Kind.DATA));
        }
        return gate.thenApply(open -> extents);
    }

    /** From now on {@link #extents} waits. */
    public void holdExtents() {
        gate = new CompletableFuture<>();
    }

    /** Undoes {@link #holdExtents}, on the caller's thread. */
    public void releaseExtents() {
        gate.complete(true);
    }

    /** In members of 4 KiB each, one behind the other. */
    @Override
    public MemberRun memberRun(long offsetBytes) {
        return new MemberRun((int) (offsetBytes >> 12), 4096 - (offsetBytes & 4095));
    }

    private boolean isHole(long at) {
        return holes.stream().anyMatch(hole -> Ranges.intersect(hole, new ByteRange(at, 1)));
    }

    private void placeHoles(Kiobuf request) {
        for (ByteRange hole : holes) {
            long from = Math.max(hole.offsetBytes(), request.offsetBytes());
            long to = Math.min(hole.endBytes(), request.endBytes());
            if (from < to) {
                request.place(from - request.offsetBytes(), new ReadPiece.Hole(to - from));
            }
        }
    }

    /** From now on a READ that may be answered from a file is, from this one, byte for byte at the same place. */
    public void readFrom(int newFileDescriptor) {
        fileDescriptor = newFileDescriptor;
    }

    /** READs answered so. */
    public int fileReads() {
        return fileReads.get();
    }

    public void grow(long newSizeBytes) {
        sizeBytes = newSizeBytes;
    }

    /** Requests issued so far. */
    public int issued() {
        return issued.get();
    }

    /** The loop of the request that was issued last; null before the first. */
    public @Nullable IoLoop lastLoop() {
        return lastLoop;
    }

    /** FLUSHes executed so far. */
    public int flushes() {
        return flushes.get();
    }

    /** Mutations with FUA executed so far. */
    public int durable() {
        return durable.get();
    }

    /** A copy of its bytes. */
    public byte[] read(int offset, int length) {
        byte[] copy = new byte[length];
        bytes.get(offset, copy);
        return copy;
    }

    @Override
    public DeviceInfo info() {
        return info;
    }

    @Override
    public long sizeBytes() {
        return sizeBytes;
    }

    @Override
    public void submit(KiobufChain chain) {
        Kiobuf request = chain.head();
        while (request != null) {
            Kiobuf next = request.next();
            request.unlinked();
            execute(request);
            request = next;
        }
    }

    private void execute(Kiobuf request) {
        lastLoop = request.loop();
        issued.incrementAndGet();
        IoError error = failure;
        if (request.op() != Op.FLUSH && !ByteRange.fits(request.offsetBytes(), request.lengthBytes(), sizeBytes)) {
            error = IoError.INVALID;
        } else if (error == null) {
            perform(request);
        }
        if (error != null) {
            request.charge(0, error);
        }
        if (holding) {
            synchronized (held) {
                held.add(() -> request.loop().execute(request::submitted));
            }
        } else {
            request.submitted();
        }
    }

    private void perform(Kiobuf request) {
        int at = (int) request.offsetBytes();
        look(request);
        switch (request.op()) {
            case READ -> {
                if (fileDescriptor >= 0 && (request.acceptedPieces() & ReadPiece.ACCEPT_FILE_EXTENT) != 0) {
                    fileReads.incrementAndGet();
                    request.place(0, new ReadPiece.FileExtent(fileDescriptor, at, request.lengthBytes()));
                    return;
                }
                if ((request.acceptedPieces() & ReadPiece.ACCEPT_HOLE) != 0) {
                    placeHoles(request);
                }
                for (int i = 0; i < request.fragmentCount(); i++) {
                    Fragment fragment = request.fragment(i);
                    ByteBuf memory = fragment.memory();
                    memory.internalNioBuffer(fragment.offsetBytes(), fragment.lengthBytes())
                            .put(bytes.slice(at, fragment.lengthBytes()));
                    at += fragment.lengthBytes();
                }
            }
            case WRITE -> {
                for (int i = 0; i < request.fragmentCount(); i++) {
                    Fragment fragment = request.fragment(i);
                    bytes.slice(at, fragment.lengthBytes())
                            .put(fragment.memory().internalNioBuffer(fragment.offsetBytes(), fragment.lengthBytes()));
                    at += fragment.lengthBytes();
                }
            }
            case TRIM, WRITE_ZEROES -> bytes.put(at, new byte[(int) request.lengthBytes()]);
            case FLUSH -> flushes.incrementAndGet();
            case CACHE -> {}
        }
        if (request.has(Kiobuf.FUA)) {
            durable.incrementAndGet();
        }
    }

    @Override
    public boolean hasRoom(KiobufChain chain) {
        return !stopped;
    }

    @Override
    public void onRoom(IoLoop loop, Runnable listener) {
        listeners.put(loop, listener);
    }

    @Override
    public void unplug(IoLoop loop) {}

    @Override
    public CompletionStage<@Nullable Void> freeze() {
        stop();
        return CompletableFuture.completedFuture(null);
    }

    @Override
    public void thaw() {
        go();
    }

    @Override
    public DeviceCounters counters() {
        return new DeviceCounters(issued.get(), 0, 0, 0, 0, 0, 0, List.of());
    }

    @Override
    public void close() {}
}
