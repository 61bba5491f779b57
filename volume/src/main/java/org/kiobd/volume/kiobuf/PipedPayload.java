package org.kiobd.volume.kiobuf;

import io.netty.buffer.ByteBuf;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The payload of a WRITE that was not received into memory: it stands in pipes and goes to files without being copied. Whoever has no
 * use for that asks for {@link #memory()}, which brings it there, once and for all.
 *
 * <p>A pipe gives its bytes in order; the members of a stripe take theirs one after the other, each a chunk here and a chunk there. So
 * what stands before the bytes that are wanted is set aside into another pipe, which copies nothing either.
 *
 * <p>Belongs to the {@link Fragment} of one request; {@link #release} ends it. Any thread: each call is atomic.
 */
public final class PipedPayload {
    /** What {@link #drain} returns when the bytes are in {@link #memory()} and are to be had there. */
    public static final long IN_MEMORY = 0;

    /** The most that one can hold. */
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

    /** A pipe, and which bytes of the payload stand in it: ranges in ascending order. */
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
     * An empty one; returns owned.
     *
     * @param pool where its memory comes from if it is asked for; not under a reservation: there are few pipes, and so there is little of it
     * @param lengthBytes bytes it shall have, 1 to {@link #MAX_BYTES}
     * @return null if there is no pipe for it
     */
    public static @Nullable PipedPayload of(PagePool pool, int lengthBytes) {
        Pipe pipe = Pipes.take();
        return pipe == null ? null : new PipedPayload(pool, lengthBytes, pipe);
    }

    public int lengthBytes() {
        return lengthBytes;
    }

    /** Bytes that are still to come. */
    public synchronized int missingBytes() {
        return lengthBytes - filledBytes;
    }

    /**
     * Takes what a socket has, as far as it is missing here. The socket must not be one that waits.
     *
     * @return bytes taken; 0 if the socket has none, or none can be taken this way
     */
    public synchronized long fill(int socketFd) {
        if (memory != null) {
            return 0;
        }
        return filled(last().pipe.fill(socketFd, missingBytes()));
    }

    /** Copies what is missing here from {@code from}, and moves its reader index. Borrows it. */
    public synchronized void fill(ByteBuf from) {
        int bytes = Math.min(from.readableBytes(), missingBytes());
        while (bytes > 0 && memory == null) {
            long moved = filled(last().pipe.fill(from, bytes));
            bytes -= (int) moved;
            if (moved == 0) {
                Pipe another = Pipes.take();
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
     * Gives the file behind {@code fd}, from {@code position} on, up to {@code bytes} of what stands here from {@code at} on. Each byte can
     * be given away once, and stays if that fails.
     *
     * @return bytes given, {@link #IN_MEMORY}, or a negative errno
     */
    public synchronized long drain(int fd, long position, int at, long bytes) {
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

    /** What has the byte {@code at} in front, all that stood before it in its pipe set aside; null where that cannot be done. */
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

    /** A pipe to whose end the byte {@code start} may be put. */
    private @Nullable Held asideFor(int start) {
        for (Held one : held) {
            if (one.endBytes() <= start) {
                return one;
            }
        }
        Pipe another = Pipes.take();
        if (another == null) {
            return null;
        }
        Held made = new Held(another);
        held.add(made);
        return made;
    }

    /**
     * A socket whose send buffer does not grow had no more of it: who sends it waits for us as often as we for it. On the loop that
     * fills it.
     */
    public void waited() {
        waits++;
    }

    /** Whether it is large, and had to be waited for ({@link #waited}) time and again. On the loop that filled it. */
    public boolean cameSlowly() {
        return lengthBytes >= LARGE_BYTES && waits >= SLOW_WAITS;
    }

    /** A thread has begun to drain it, and the loop had better not wait for that: all of it goes the same way. On the loop that filled it. */
    public void handOver() {
        handedOver = true;
    }

    /** Whether {@link #handOver} was called. On the loop that filled it. */
    public boolean isHandedOver() {
        return handedOver;
    }

    /** Whether it stands in memory. Never waits for another call. */
    public boolean isInMemory() {
        return memory != null;
    }

    /** As memory: the byte {@code at} of the payload at that index; what was given away already is undefined there. Borrowed. */
    public synchronized ByteBuf memory() {
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
        held.forEach(one -> Pipes.giveBack(one.pipe));
        held.clear();
    }

    /** Lets go of it, whatever it still holds. */
    public synchronized void release() {
        givePipesBack();
        if (memory != null) {
            memory.release();
        }
    }
}
