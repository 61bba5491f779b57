package org.kiobd.volume.kiobuf;

import io.netty.buffer.ByteBuf;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The payload of a WRITE that is received into pipes instead of memory, and goes from there to files without a copy in this process. The component that
 * receives a WRITE fills it; stores see its bytes as a {@link Payload}, which can move them to memory for good.
 *
 * <p>A pipe returns its bytes in order, but the members of a stripe take their chunks one member after the other. So the bytes before the
 * wanted ones are first moved to another pipe, again without a copy.
 *
 * <p>Owned by the {@link Fragment} of one request; {@link #release} ends it. Threads: each call is atomic and may come from any thread,
 * unless its comment names the loop.
 */
public final class PipedPayload {
    /** Result of {@link #drain} that tells the caller to take the bytes from {@link #memory()} instead. */
    static final long IN_MEMORY = 0;

    /** Maximum length of a payload. */
    public static final int MAX_BYTES = Pipe.CAPACITY_BYTES;

    private static final int LARGE_BYTES = 256 << 10;
    private static final int SLOW_WAITS = 3;

    private final PagePool pool;
    private final int lengthBytes;
    private final List<Held> held = new ArrayList<>(1);
    private int filledBytes;
    private int waits;
    private boolean handedOver;
    private volatile @Nullable ByteBuf memory;

    /** A pipe, and the ranges of the payload that it holds, in ascending order. */
    private static final class Held {
        final Pipe pipe;
        final List<Range> ranges = new ArrayList<>(1);

        Held(Pipe pipe) {
            this.pipe = pipe;
        }

        int endBytes() {
            return ranges.isEmpty() ? 0 : ranges.get(ranges.size() - 1).end;
        }

        void append(int start, int bytes) {
            if (!ranges.isEmpty() && endBytes() == start) {
                ranges.get(ranges.size() - 1).end += bytes;
            } else {
                ranges.add(new Range(start, start + bytes));
            }
        }

        boolean has(int at) {
            for (Range range : ranges) {
                if (range.start <= at && at < range.end) {
                    return true;
                }
            }
            return false;
        }

        Range first() {
            return ranges.get(0);
        }

        void took(long bytes) {
            Range first = first();
            first.start += (int) bytes;
            if (first.start == first.end) {
                ranges.remove(0);
            }
        }
    }

    private static final class Range {
        int start;
        int end;

        Range(int start, int end) {
            this.start = start;
            this.end = end;
        }
    }

    private PipedPayload(PagePool pool, int lengthBytes, Pipe first) {
        this.pool = pool;
        this.lengthBytes = lengthBytes;
        held.add(new Held(first));
    }

    /**
     * Creates an empty payload. Returns owned.
     *
     * @param pool source of the pipes, and of the memory for {@link #memory()}, which is not reserved, because few payloads have a pipe at a
     *     time
     * @param lengthBytes length of the payload, 1 to {@link #MAX_BYTES}
     * @return null if no pipe is available
     */
    public static @Nullable PipedPayload of(PagePool pool, int lengthBytes) {
        Pipe pipe = pool.pipes().take();
        return pipe == null ? null : new PipedPayload(pool, lengthBytes, pipe);
    }

    public int lengthBytes() {
        return lengthBytes;
    }

    /** Returns the number of bytes that have not been received. */
    public synchronized int missingBytes() {
        return lengthBytes - filledBytes;
    }

    /**
     * Moves bytes from a socket to this payload, up to the missing bytes. The socket must be non-blocking, unless splice(2) obeys
     * SPLICE_F_NONBLOCK for it, as it does for unix sockets.
     *
     * @return bytes moved; 0 if the socket has none, or none can be moved this way
     */
    public synchronized long fill(int socketFd) {
        if (memory != null) {
            return 0;
        }
        return filled(last().pipe.fill(socketFd, missingBytes()));
    }

    /** Copies missing bytes from {@code from}, and advances its reader index. Borrows the buffer. */
    public synchronized void fill(ByteBuf from) {
        int bytes = Math.min(from.readableBytes(), missingBytes());
        while (bytes > 0 && memory == null) {
            long moved = filled(last().pipe.fill(from, bytes));
            bytes -= (int) moved;
            if (moved == 0) {
                Pipe another = pool.pipes().take();
                if (another == null) {
                    memory();
                } else {
                    held.add(new Held(another));
                }
            }
        }
        if (memory != null && bytes > 0) {
            memory.setBytes(filledBytes, from, bytes);
            filledBytes += bytes;
        }
    }

    private Held last() {
        return held.get(held.size() - 1);
    }

    private long filled(long moved) {
        if (moved <= 0) {
            return 0;
        }
        last().append(filledBytes, (int) moved);
        filledBytes += (int) moved;
        return moved;
    }

    /**
     * Moves up to {@code bytes} of the payload, from byte {@code at} on, to the file {@code fd} at offset {@code position}. Each byte can
     * be moved once; after a failure the bytes are still in this payload.
     *
     * @return bytes moved, {@link #IN_MEMORY}, or a negative errno
     */
    synchronized long drain(int fd, long position, int at, long bytes) {
        Held from = memory == null ? broughtForward(at) : null;
        long moved =
                from == null ? Pipe.NOTHING : from.pipe.drain(fd, position, Math.min(bytes, from.first().end - at));
        if (from == null || moved == Pipe.NOTHING) {
            memory();
            return IN_MEMORY;
        }
        if (moved > 0) {
            from.took(moved);
        }
        return moved;
    }

    /** Moves the bytes before byte {@code at} to another pipe. Returns the pipe that then begins with that byte; null on failure. */
    private @Nullable Held broughtForward(int at) {
        Held from = holding(at);
        while (from.first().start < at) {
            int start = from.first().start;
            Held aside = asideFor(start);
            if (aside == null) {
                return null;
            }
            long moved = from.pipe.drain(aside.pipe, Math.min(from.first().end, at) - start);
            if (moved <= 0) {
                return null;
            }
            aside.append(start, (int) moved);
            from.took(moved);
        }
        return from;
    }

    private Held holding(int at) {
        for (Held one : held) {
            if (one.has(at)) {
                return one;
            }
        }
        throw new IllegalStateException("no such bytes any more: at=" + at + " of lengthBytes=" + lengthBytes);
    }

    /** Returns a pipe to which byte {@code start} can be appended in ascending order; null if there is none. */
    private @Nullable Held asideFor(int start) {
        for (Held one : held) {
            if (one.endBytes() <= start) {
                return one;
            }
        }
        Pipe another = pool.pipes().take();
        if (another == null) {
            return null;
        }
        Held made = new Held(another);
        held.add(made);
        return made;
    }

    /**
     * Counts that the socket had no more bytes of this payload. For sockets whose peer has a send buffer of fixed size: such a client waits
     * for this server as often as the server waits for it. Called on the loop that fills the payload.
     */
    public void waited() {
        waits++;
    }

    /** Returns whether the payload is large and {@link #waited} was called several times. Called on the loop that filled it. */
    boolean cameSlowly() {
        return lengthBytes >= LARGE_BYTES && waits >= SLOW_WAITS;
    }

    /**
     * Marks this payload as handed over to a thread that drains it. Its other parts then go to the same thread, so that the loop does not
     * wait for that thread. Called on the loop that filled the payload.
     */
    void handOver() {
        handedOver = true;
    }

    /** Returns whether {@link #handOver} was called. Called on the loop that filled the payload. */
    boolean isHandedOver() {
        return handedOver;
    }

    /** Returns whether the payload is in memory. Never waits for another call. */
    public boolean isInMemory() {
        return memory != null;
    }

    /**
     * Moves the payload to memory, if it is not there yet. Byte {@code n} of the payload is at index {@code n}; bytes that were drained
     * before are undefined. The returned buffer is borrowed.
     */
    synchronized ByteBuf memory() {
        if (memory == null) {
            ByteBuf made = pool.allocate(lengthBytes);
            for (Held one : held) {
                while (!one.ranges.isEmpty()) {
                    Range first = one.first();
                    long moved = one.pipe.drain(made, first.start, first.end - first.start);
                    if (moved <= 0) {
                        made.release();
                        throw new IllegalStateException(
                                "a pipe has lost bytes: errno=" + -moved + " at=" + first.start);
                    }
                    one.took(moved);
                }
            }
            memory = made;
            givePipesBack();
        }
        return memory;
    }

    private void givePipesBack() {
        held.forEach(one -> pool.pipes().giveBack(one.pipe));
        held.clear();
    }

    /** Releases the pipes and the memory of this payload, whether they are drained or not. */
    public synchronized void release() {
        givePipesBack();
        if (memory != null) {
            memory.release();
        }
    }
}
