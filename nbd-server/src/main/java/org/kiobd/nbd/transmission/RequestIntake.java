package org.kiobd.nbd.transmission;

import io.netty.buffer.ByteBuf;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.kiobd.nbd.MetaContext;
import org.kiobd.nbd.Session;
import org.kiobd.nbd.protocol.CommandFlags;
import org.kiobd.nbd.protocol.NbdCommand;
import org.kiobd.nbd.protocol.NbdErrno;
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

    /** Receives the events of the stream. */
    interface Listener {
        /** Called when the client has sent NBD_CMD_DISC. */
        void disconnected();

        /** Called when the stream is not NBD, or exceeds a limit: the connection must be dropped. */
        void broken(String reason);
    }

    private final RequestDecoder decoder;
    private final RequestValidator validator;
    private final RequestExecutor executor;
    private final ReplyWriter replies;
    private final InFlight inFlight;
    private final ConnectionBudget accounts;
    private final MemoryBudget budget;
    private final ReplyMemory replyMemory;
    private final WritePayload payload;
    private final PipedReceive pipes;
    private final PiecewiseRead reads;
    private final PiecewiseWrite writes;
    private final ReplyEncoding encoding;
    private final int requestMagic;
    private final List<MetaContext> contexts;
    private final ConnectionCounters counters;
    private final long maximumPayloadBytes;
    private final Listener listener;

    private Phase phase = Phase.HEADER;
    private NbdCommand command = NbdCommand.UNKNOWN;
    private @Nullable Failure failure;
    private @Nullable StatusQuery query;
    private long discardBytes;
    private boolean blocked;
    private long requests;

    RequestIntake(Parts parts, Session session, ReplyWriter replies, PipedReceive pipes, Listener listener) {
        this.decoder = parts.decoder;
        this.validator = parts.validator;
        this.executor = parts.executor;
        this.replies = replies;
        this.accounts = parts.accounts;
        this.inFlight = parts.accounts.inFlight();
        this.budget = parts.accounts.budget();
        this.replyMemory = parts.accounts.replyMemory();
        this.payload = parts.payload;
        this.pipes = pipes;
        this.reads = parts.reads;
        this.writes = parts.writes;
        this.encoding = replies.encoding();
        this.counters = parts.accounts.counters();
        this.requestMagic = session.style().requestMagic();
        this.contexts = session.contexts();
        this.maximumPayloadBytes = session.export().device().info().maximumPayloadBytes();
        this.listener = listener;
    }

    /** The parts that an intake works with; all belong to the same connection. */
    record Parts(
            RequestDecoder decoder,
            RequestValidator validator,
            RequestExecutor executor,
            ConnectionBudget accounts,
            WritePayload payload,
            PiecewiseRead reads,
            PiecewiseWrite writes) {}

    /**
     * Adds the next bytes of the stream, and processes them as far as limits and memory allow. Takes them. The channel must not receive
     * meanwhile.
     */
    void arrived(ByteBuf bytes) {
        if (phase == Phase.END) {
            bytes.release();
            return;
        }
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
        return !blocked && phase != Phase.END;
    }

    /** Returns whether the requests received so far should be executed before more is received, however fast the client sends. */
    boolean yieldRequested() {
        return pipes.yieldRequested();
    }

    /** Starts a new turn: the requests received so far are being executed. */
    void nextTurn() {
        pipes.nextTurn();
    }

    /** Returns whether a request waits for room or memory. */
    boolean isBlocked() {
        return blocked;
    }

    /** Returns the number of requests decoded so far. */
    long requests() {
        return requests;
    }

    /** Processes the stream as far as bytes, limits and memory allow. */
    void advance() {
        blocked = false;
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
        if (decoder.magic() != requestMagic) {
            broken("bad request magic=0x" + Integer.toHexString(decoder.magic()));
            return false;
        }
        command = NbdCommand.fromWire(decoder.type());
        requests++;
        counters.received(command);
        pipes.header(command == NbdCommand.WRITE, decoder.offset(), decoder.length());
        if (command == NbdCommand.DISC) {
            end();
            listener.disconnected();
            return false;
        }
        long payloadBytes = validator.payloadBytes(command, decoder.flags(), decoder.length());
        if (Long.compareUnsigned(payloadBytes, maximumPayloadBytes) > 0) {
            broken(command + " with a payload longer than the maximum: lengthBytes="
                    + Long.toUnsignedString(payloadBytes) + " maximum=" + maximumPayloadBytes);
            return false;
        }
        failure = validator.check(command, decoder.flags(), decoder.offset(), decoder.length());
        discardBytes = payloadBytes;
        query = null;
        phase = Phase.ADMISSION;
        if (command == NbdCommand.BLOCK_STATUS && failure == null) {
            if (payloadBytes > 0) {
                phase = Phase.FILTER;
            } else {
                query = query(decoder.length(), contexts);
            }
        }
        return true;
    }

    private void broken(String reason) {
        end();
        listener.broken(reason);
    }

    private StatusQuery query(long lengthBytes, List<MetaContext> asked) {
        boolean one = (decoder.flags() & CommandFlags.NBD_CMD_FLAG_REQ_ONE) != 0;
        return StatusQuery.of(decoder.cookie(), new ByteRange(decoder.offset(), lengthBytes), one, asked);
    }

    /**
     * Reads the payload that selects contexts.
     *
     * <pre>
     *   0        8
     *   | length | context, context ...
     * </pre>
     */
    private boolean filter() {
        ByteBuf bytes = decoder.gather((int) decoder.length());
        if (bytes == null) {
            return false;
        }
        discardBytes = 0;
        phase = Phase.ADMISSION;
        long lengthBytes = bytes.readLong();
        List<MetaContext> asked = new ArrayList<>();
        while (failure == null && bytes.isReadable()) {
            int id = bytes.readInt();
            MetaContext context = contexts.stream()
                    .filter(candidate -> candidate.id() == id)
                    .findFirst()
                    .orElse(null);
            if (context == null || asked.contains(context)) {
                failure = new Failure(
                        NbdErrno.NBD_EINVAL,
                        "each context once, and only those that were negotiated: id=" + Integer.toUnsignedString(id));
            } else {
                asked.add(context);
            }
        }
        if (failure == null) {
            failure = validator.checkRange(command, decoder.offset(), lengthBytes);
        }
        if (failure == null) {
            query = query(lengthBytes, asked);
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
            return query.memoryBytes((ChunkEncoding) encoding);
        }
        return command == NbdCommand.READ && decoder.length() > 0 ? encoding.readMemoryBytes(decoder.length()) : 0;
    }

    private boolean hasMemory(long replyBytes) {
        boolean small = query == null && replyMemory.takes(replyBytes);
        return small ? replyMemory.prepare((int) replyBytes) : budget.reserve(replyBytes);
    }

    private boolean admission() {
        long replyBytes = replyBytes();
        boolean isWrite = command == NbdCommand.WRITE && failure == null;
        long bytes = isWrite ? decoder.length() : replyBytes;
        if (!inFlight.admits(bytes) || (isWrite && writes.isUnderWay())) {
            blocked = true;
            return false;
        }
        if (replyBytes > 0 && !hasMemory(replyBytes)) {
            return withLess(replyBytes);
        }
        inFlight.begin(bytes);
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
        if (!inFlight.isEmpty()) {
            blocked = true;
            return false;
        }
        accounts.shrink();
        if (query != null) {
            blocked = query.maxDescriptors() == 1;
            query = query.halved();
            return !blocked;
        }
        inFlight.begin(replyBytes);
        reads.begin(decoder.cookie(), decoder.offset(), (int) decoder.length());
        phase = Phase.PIECEWISE_READ;
        return true;
    }

    private boolean piecewiseRead() {
        reads.advance();
        blocked = reads.isUnderWay();
        if (!blocked) {
            phase = Phase.HEADER;
        }
        return !blocked;
    }

    private boolean payload() {
        Progress progress = payload.advance();
        while (progress == Progress.PIECE) {
            writes.cut(payload);
            progress = payload.advance();
        }
        if (progress != Progress.COMPLETE) {
            blocked = progress == Progress.NEEDS_MEMORY;
            return false;
        }
        phase = Phase.HEADER;
        if (writes.isReceiving()) {
            writes.last(payload.finish());
        } else {
            executor.write(payload.finish());
        }
        return true;
    }

    /** Returns whether the payload of a WRITE is being received. */
    boolean isReceiving() {
        return phase == Phase.PAYLOAD;
    }

    /** Continues a piecewise READ because memory was released; the stream may have ended. */
    void memoryIsBack() {
        reads.advance();
    }

    /** Skips the payload of a refused request, and then sends the refusal: a client that is still sending does not expect a reply. */
    private boolean discard() {
        discardBytes = decoder.skip(discardBytes);
        if (discardBytes > 0) {
            return false;
        }
        phase = Phase.HEADER;
        counters.failed();
        replies.failure(decoder.cookie(), decoder.offset(), Objects.requireNonNull(failure), 0);
        return true;
    }

    /** Returns the buffer, owned, for the next receive of the socket; null if any receive buffer will do. */
    @Nullable
    ByteBuf receiveInto() {
        if (phase == Phase.PAYLOAD) {
            return blocked ? null : payload.receiveInto();
        }
        return phase == Phase.HEADER ? pipes.receiveInto() : null;
    }

    /** Ends the stream: nothing more is decoded, and a partly received request is given up. */
    void end() {
        if (phase == Phase.END) {
            return;
        }
        if (phase == Phase.PAYLOAD && writes.isReceiving()) {
            writes.abandon();
        } else if (phase == Phase.PAYLOAD) {
            inFlight.end(1, decoder.length());
        } else if (phase == Phase.DISCARD) {
            inFlight.end(1, 0);
        }
        phase = Phase.END;
        blocked = false;
        payload.abandon();
        decoder.close();
    }
}
