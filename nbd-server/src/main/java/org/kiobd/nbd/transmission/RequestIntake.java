package org.kiobd.nbd.transmission;

import io.netty.buffer.ByteBuf;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.kiobd.nbd.MetaContext;
import org.kiobd.nbd.protocol.CommandFlags;
import org.kiobd.nbd.protocol.NbdCommand;
import org.kiobd.nbd.transmission.WritePayload.Progress;
import org.kiobd.volume.ByteRange;

/**
 * Processes the bytes of a connection request by request: checks each one, lets it wait for room within the limits and for memory, and then
 * executes or refuses it. The bytes after a waiting request stay undecoded. A request waits only for other requests of its own connection;
 * if none is in flight, it is executed piece by piece instead. Owned by one connection.
 */
final class RequestIntake {
    /** What the intake expects next on the stream. */
    private enum Phase {
        /** A header. */
        HEADER,
        /** The short payload of a BLOCK_STATUS, which selects contexts. */
        FILTER,
        /** The header has been read; its request waits for room or memory. */
        ADMISSION,
        /** Nothing, until a READ that is short of memory is answered. */
        PIECEWISE_READ,
        /** The payload of a WRITE. */
        PAYLOAD,
        /** The payload of a refused request. */
        DISCARD,
        /** Nothing: the stream is not decoded any more. */
        END
    }

    private final Transmission transmission;
    private final ConnectionBudget budget;
    private final ConnectionMemory memory;
    private final RequestExecutor executor;
    private final ReplyWriter replies;
    private final RequestDecoder decoder;
    private final RequestValidator validator;
    private final PipedReceive pipes;
    private final WritePayload payload;

    /** Null until memory was short for the first time. */
    private @Nullable PiecewiseRead piecewiseRead;

    private @Nullable PiecewiseWrite piecewiseWrite;

    private Phase phase = Phase.HEADER;
    private NbdCommand command = NbdCommand.UNKNOWN;
    private @Nullable Failure failure;
    private @Nullable StatusQuery query;
    private long discardBytes;
    private long requests;

    /** @param socket socket of the channel, for payload that bypasses Netty; null if it is not available */
    RequestIntake(
            Transmission transmission, RequestExecutor executor, ReplyWriter replies, @Nullable RawSocket socket) {
        this.transmission = transmission;
        this.budget = transmission.budget();
        this.memory = transmission.memory();
        this.executor = executor;
        this.replies = replies;
        this.decoder = new RequestDecoder(transmission.session().style());
        this.validator = new RequestValidator(transmission.session());
        this.pipes = new PipedReceive(socket, decoder, transmission.pool(), transmission.device());
        this.payload = new WritePayload(decoder, transmission, pipes);
    }

    /**
     * Adds the next bytes of the stream, and processes them as far as limits and memory allow. Takes them. The channel must not receive
     * meanwhile.
     *
     * @param nowNanos arrival time of the requests whose headers end in these bytes
     */
    void arrived(ByteBuf bytes, long nowNanos) {
        if (phase == Phase.END) {
            bytes.release();
            return;
        }
        executor.arrived(nowNanos);
        decoder.offer(bytes);
        pipes.begin();
        try {
            advance();
        } finally {
            pipes.end();
        }
    }

    /** Returns whether the socket should be read. */
    boolean wantsBytes() {
        return !budget.isAwaited() && phase != Phase.END;
    }

    /** Returns whether the requests received so far should be executed before more is received, however fast the client sends. */
    boolean yieldRequested() {
        return pipes.yieldRequested();
    }

    /** Starts a new turn: the requests received so far are being executed. */
    void nextTurn() {
        pipes.nextTurn();
    }

    /** Returns the number of payload bytes that our own code has copied so far. */
    long copiedBytes() {
        return payload.copiedBytes();
    }

    /** Returns the number of requests decoded so far. */
    long requests() {
        return requests;
    }

    /** Processes the stream as far as bytes, limits and memory allow. */
    private void advance() {
        budget.await(false);
        boolean goesOn = true;
        while (goesOn) {
            goesOn = switch (phase) {
                case HEADER -> header();
                case FILTER -> filter();
                case ADMISSION -> admission();
                case PIECEWISE_READ -> piecewiseRead();
                case PAYLOAD -> payload();
                case DISCARD -> discard();
                case END -> false;
            };
        }
    }

    private boolean header() {
        if (!decoder.nextHeader()) {
            return pipes.receiveHeader();
        }
        if (!decoder.hasRequestMagic()) {
            return broken("bad request magic=0x" + Integer.toHexString(decoder.magic()));
        }
        command = NbdCommand.fromWire(decoder.type());
        requests++;
        transmission.counters().received(command);
        pipes.header(command == NbdCommand.WRITE, decoder.offset(), decoder.length());
        if (command == NbdCommand.DISC) {
            end();
            transmission.disconnected();
            return false;
        }
        long payloadBytes = validator.payloadBytes(command, decoder.flags(), decoder.length());
        String breach = validator.breach(command, payloadBytes);
        if (breach != null) {
            return broken(breach);
        }
        failure = validator.check(command, decoder.flags(), decoder.offset(), decoder.length());
        discardBytes = payloadBytes;
        query = null;
        phase = Phase.ADMISSION;
        if (command == NbdCommand.BLOCK_STATUS && failure == null) {
            if (payloadBytes > 0) {
                phase = Phase.FILTER;
            } else {
                query = query(decoder.length(), transmission.session().contexts());
            }
        }
        return true;
    }

    /** Ends the connection, because the stream is not NBD or exceeds a limit. */
    private boolean broken(String reason) {
        end();
        transmission.drop(reason);
        return false;
    }

    private StatusQuery query(long lengthBytes, List<MetaContext> asked) {
        boolean one = (decoder.flags() & CommandFlags.NBD_CMD_FLAG_REQ_ONE) != 0;
        return StatusQuery.of(decoder.cookie(), new ByteRange(decoder.offset(), lengthBytes), one, asked);
    }

    /** Reads the payload that selects contexts. */
    private boolean filter() {
        ByteBuf bytes = decoder.gather((int) decoder.length());
        if (bytes == null) {
            return false;
        }
        discardBytes = 0;
        phase = Phase.ADMISSION;
        StatusFilter filter = StatusFilter.decode(bytes, transmission.session().contexts());
        failure = filter.failure() != null
                ? filter.failure()
                : validator.checkRange(command, decoder.offset(), filter.lengthBytes());
        if (failure == null) {
            query = query(filter.lengthBytes(), filter.contexts());
        }
        return true;
    }

    /**
     * Returns the memory that the request and its reply take, which must be reserved first; a WRITE reserves memory as its payload arrives.
     */
    private long replyBytes() {
        if (failure != null) {
            return 0;
        }
        if (query != null) {
            return query.memoryBytes((ChunkEncoding) transmission.encoding());
        }
        boolean isRead = command == NbdCommand.READ && decoder.length() > 0;
        return isRead ? transmission.encoding().readMemoryBytes(decoder.length()) : 0;
    }

    private boolean hasMemory(long replyBytes) {
        boolean isCommon = query == null && memory.isCommon(replyBytes);
        return isCommon ? memory.prepareReply((int) replyBytes) : budget.reserve(replyBytes);
    }

    private boolean admission() {
        long replyBytes = replyBytes();
        boolean isWrite = command == NbdCommand.WRITE && failure == null;
        long bytes = isWrite ? decoder.length() : replyBytes;
        if (!budget.admits(bytes) || (isWrite && piecewiseWrite != null && piecewiseWrite.isUnderWay())) {
            budget.await(true);
            return false;
        }
        if (replyBytes > 0 && !hasMemory(replyBytes)) {
            return withLess(replyBytes);
        }
        budget.begin(bytes);
        phase = Phase.HEADER;
        if (failure != null) {
            phase = Phase.DISCARD;
        } else if (query != null) {
            executor.status(query);
        } else if (decoder.length() == 0 && command != NbdCommand.FLUSH) {
            replies.success(decoder.cookie(), decoder.offset(), 0);
        } else if (command == NbdCommand.READ) {
            executor.read(decoder.cookie(), decoder.offset(), (int) decoder.length(), decoder.flags());
        } else if (isWrite) {
            payload.begin(executor.newWrite(decoder.cookie(), decoder.offset(), decoder.length(), decoder.flags()));
            phase = Phase.PAYLOAD;
        } else {
            executor.dataless(command, decoder.cookie(), decoder.offset(), decoder.length(), decoder.flags());
        }
        return true;
    }

    /** Serves a request for whose whole reply there is no memory. */
    private boolean withLess(long replyBytes) {
        if (!budget.isIdle()) {
            budget.await(true);
            return false;
        }
        memory.shrink();
        if (query != null) {
            boolean isLeast = query.maxDescriptors() == 1;
            budget.await(isLeast);
            query = query.halved();
            return !isLeast;
        }
        budget.begin(replyBytes);
        if (piecewiseRead == null) {
            piecewiseRead = new PiecewiseRead(transmission, executor, replies);
        }
        piecewiseRead.begin(decoder.cookie(), decoder.offset(), (int) decoder.length());
        phase = Phase.PIECEWISE_READ;
        return true;
    }

    private boolean piecewiseRead() {
        boolean underWay = advancePiecewiseRead();
        budget.await(underWay);
        if (!underWay) {
            phase = Phase.HEADER;
        }
        return !underWay;
    }

    /** Reads the next piece of a piecewise READ if there is memory for it. Returns whether a part of its reply is still to be queued. */
    private boolean advancePiecewiseRead() {
        if (piecewiseRead == null) {
            return false;
        }
        piecewiseRead.advance();
        return piecewiseRead.isUnderWay();
    }

    private boolean payload() {
        Progress progress = payload.advance();
        while (progress == Progress.PIECE) {
            if (piecewiseWrite == null) {
                piecewiseWrite = new PiecewiseWrite(transmission, executor, replies);
            }
            piecewiseWrite.cut(payload);
            progress = payload.advance();
        }
        if (progress != Progress.COMPLETE) {
            budget.await(progress == Progress.NEEDS_MEMORY);
            return false;
        }
        phase = Phase.HEADER;
        if (piecewiseWrite != null && piecewiseWrite.isReceiving()) {
            piecewiseWrite.last(payload.finish());
        } else {
            executor.write(payload.finish());
        }
        return true;
    }

    /** Returns whether the payload of a WRITE is being received. */
    boolean isReceiving() {
        return phase == Phase.PAYLOAD;
    }

    /** Continues what waits, because room or memory has become free. A piecewise READ goes on even if the stream has ended. */
    void roomIsBack() {
        advancePiecewiseRead();
        if (phase != Phase.END) {
            advance();
        }
    }

    /** Skips the payload of a refused request, and then sends the refusal: a client that is still sending does not expect a reply. */
    private boolean discard() {
        discardBytes = decoder.skip(discardBytes);
        if (discardBytes > 0) {
            return false;
        }
        phase = Phase.HEADER;
        transmission.counters().failed();
        replies.failure(decoder.cookie(), decoder.offset(), Objects.requireNonNull(failure), 0);
        return true;
    }

    /** Returns the buffer, owned, for the next receive of the socket; null if any receive buffer will do. */
    @Nullable
    ByteBuf receiveInto() {
        if (phase == Phase.PAYLOAD) {
            return budget.isAwaited() ? null : payload.receiveInto();
        }
        return phase == Phase.HEADER ? pipes.receiveInto() : null;
    }

    /** Ends the stream: nothing more is decoded, and a partly received request is given up. */
    void end() {
        if (phase == Phase.END) {
            return;
        }
        if (phase == Phase.PAYLOAD && piecewiseWrite != null && piecewiseWrite.isReceiving()) {
            piecewiseWrite.abandon();
        } else if (phase == Phase.PAYLOAD) {
            budget.end(1, decoder.length());
        } else if (phase == Phase.DISCARD) {
            budget.end(1, 0);
        }
        budget.await(piecewiseRead != null && piecewiseRead.isUnderWay());
        phase = Phase.END;
        payload.abandon();
        decoder.close();
    }
}
