package org.kiobd.cli.bench;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.kiobd.nbd.client.NbdClient;
import org.kiobd.nbd.client.NbdException;
import org.kiobd.nbd.client.RepeatedRequest;
import org.kiobd.nbd.protocol.CommandFlags;
import org.kiobd.volume.kiobuf.Fragment;

/**
 * One connection under load: keeps as many requests in flight as the plan says, and sends the next request as soon as one is answered.
 * Confined to the client's loop, except for {@link #start} and {@link #answered}.
 */
final class LoadConnection {
    private final NbdClient client;
    private final LoadPlan plan;
    private final LoadPlan.Range part;
    private final Payloads payloads;
    private final SplittableRandom random;
    private final LoadTimes times;
    private final @Nullable StampedBlocks stamped;

    private final LoadOutcome outcome = new LoadOutcome();
    private final CompletableFuture<LoadOutcome> ended = new CompletableFuture<>();
    private final AtomicLong answered = new AtomicLong();
    private final int blocks;
    private int nextBlock;
    private int nextToVerify;
    private int writesSinceFlush;
    private int underWay;
    /** Slots whose last request of the load was answered. */
    private final List<Slot> loaded = new ArrayList<>();

    /** Kinds of requests. */
    private enum Kind {
        READ,
        WRITE,
        FLUSH,
        VERIFY
    }

    /**
     * Borrows {@code client} and {@code payloads} until the load has ended.
     *
     * @param part range of the export for its requests, in whole blocks
     */
    LoadConnection(
            NbdClient client,
            LoadPlan plan,
            LoadPlan.Range part,
            Payloads payloads,
            SplittableRandom random,
            LoadTimes times) {
        this.client = client;
        this.plan = plan;
        this.part = part;
        this.payloads = payloads;
        this.random = random;
        this.times = times;
        this.blocks = (int) Math.min(Integer.MAX_VALUE, part.lengthBytes() / plan.blockBytes());
        this.stamped =
                plan.verify() ? new StampedBlocks(plan.seed(), part.offsetBytes() / plan.blockBytes(), blocks) : null;
    }

    /** Starts the load. The future completes on the loop and never fails. */
    CompletableFuture<LoadOutcome> start() {
        client.loop().execute(() -> {
            underWay = plan.depth();
            for (int i = 0; i < plan.depth(); i++) {
                new Slot().next(System.nanoTime());
            }
        });
        return ended;
    }

    /** Returns the number of requests answered so far. Any thread. */
    long answered() {
        return answered.get();
    }

    private Fragment memory() {
        int bytes = plan.blockBytes();
        return Fragment.of(Unpooled.directBuffer(bytes, bytes).writerIndex(bytes), 0, bytes);
    }

    private long offsetOf(int block) {
        return part.offsetBytes() + (long) block * plan.blockBytes();
    }

    private int pick() {
        int block;
        if (plan.order() == LoadPlan.Order.RANDOM) {
            block = random.nextInt(blocks);
        } else {
            block = nextBlock;
            nextBlock = nextBlock + 1 == blocks ? 0 : nextBlock + 1;
        }
        return stamped == null ? block : stamped.take(block);
    }

    private Kind pickKind() {
        if (plan.durability().flushEvery() > 0
                && writesSinceFlush >= plan.durability().flushEvery()) {
            writesSinceFlush = 0;
            return Kind.FLUSH;
        }
        if (plan.readPercent() == LoadPlan.ALL
                || (plan.readPercent() > 0 && random.nextInt(LoadPlan.ALL) < plan.readPercent())) {
            return Kind.READ;
        }
        writesSinceFlush++;
        return Kind.WRITE;
    }

    /** Sends one request at a time, repeatedly. */
    private final class Slot {
        private final RepeatedRequest request = client.repeated(this::ended);
        /** Buffer for the data of a request; null unless the plan verifies, because other reads are dropped. */
        private final @Nullable Fragment memory = stamped == null ? null : memory();

        private Kind kind = Kind.READ;
        private int block;
        private int version;
        private long startNanos;

        void next(long nowNanos) {
            startNanos = nowNanos;
            if (kind == Kind.VERIFY) {
                verifyNext();
            } else if (!outcome.isLost() && nowNanos - times.endNanos() < 0) {
                kind = pickKind();
                send();
            } else {
                loaded.add(this);
                if (loaded.size() == plan.depth()) {
                    // No write is in flight any more, so every block holds the data of its last write.
                    loaded.forEach(Slot::verifyNext);
                }
            }
        }

        void verifyNext() {
            if (stamped != null && !outcome.isLost() && nextUnverified(stamped)) {
                kind = Kind.VERIFY;
                sendRead();
            } else {
                end();
            }
        }

        private boolean nextUnverified(StampedBlocks known) {
            while (nextToVerify < blocks && !known.isKnown(nextToVerify)) {
                nextToVerify++;
            }
            block = nextToVerify++;
            return block < blocks;
        }

        private void end() {
            if (memory != null) {
                memory.memory().release();
            }
            if (--underWay == 0) {
                ended.complete(outcome);
            }
        }

        private void send() {
            switch (kind) {
                case READ -> {
                    block = pick();
                    sendRead();
                }
                case WRITE -> {
                    block = pick();
                    sendWrite();
                }
                case FLUSH -> request.flush();
                case VERIFY -> throw new IllegalStateException("sent elsewhere");
            }
        }

        private void sendRead() {
            if (memory == null) {
                request.readAndDrop(offsetOf(block), plan.blockBytes(), 0);
            } else {
                request.read(offsetOf(block), memory, 0);
            }
        }

        private void sendWrite() {
            Fragment payload;
            if (stamped == null || memory == null) {
                payload = payloads.next(random);
            } else {
                version = stamped.stamp(block, memory.memory());
                payload = memory;
            }
            request.write(offsetOf(block), payload, plan.durability().fua() ? CommandFlags.NBD_CMD_FLAG_FUA : 0);
        }

        private void ended(@Nullable NbdException failure) {
            long nowNanos = failure == null ? request.receivedNanos() : System.nanoTime();
            if (stamped != null && memory != null) {
                verified(stamped, memory.memory(), failure != null);
            }
            if (failure != null) {
                outcome.failed(failure);
            } else if (times.isMeasured(nowNanos)) {
                figures().add(nowNanos - startNanos);
            }
            answered.lazySet(answered.getPlain() + 1);
            next(nowNanos);
        }

        private void verified(StampedBlocks known, ByteBuf bytes, boolean failed) {
            if (!failed && (kind == Kind.READ || kind == Kind.VERIFY)) {
                int at = known.difference(block, bytes);
                if (at >= 0) {
                    outcome.wrong(offsetOf(block) + at);
                }
            }
            if (kind == Kind.READ || kind == Kind.WRITE) {
                known.release(block);
            }
            if (kind == Kind.WRITE) {
                known.written(block, version, failed);
            }
        }

        private LoadFigures figures() {
            return switch (kind) {
                case READ, VERIFY -> outcome.reads();
                case WRITE -> outcome.writes();
                case FLUSH -> outcome.flushes();
            };
        }
    }
}
