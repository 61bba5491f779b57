package org.kiobd.nbd.transmission;

import io.netty.buffer.ByteBuf;
import org.jspecify.annotations.Nullable;
import org.kiobd.nbd.protocol.NbdCommand;
import org.kiobd.nbd.protocol.NbdErrno;
import org.kiobd.nbd.protocol.NbdMagic;
import org.kiobd.nbd.transmission.WritePayload.Progress;

/**
 * Goes through a connection's bytes request by request: each is checked, waits here, undecoded behind it, for room in the limits and
 * for memory, and is then executed or refused. Owned by one connection.
 */
final class RequestIntake {
    /** What may come next on the stream. */
    private enum Phase {
        /** A header. */
        HEADER,
        /** The header is read; its request waits for room or memory. */
        ADMISSION,
        /** The payload of a WRITE. */
        PAYLOAD,
        /** The payload of a WRITE that was refused. */
        DISCARD,
        /** Nothing: the stream is over for us. */
        END
    }

    /** What the stream says about itself. */
    interface Listener {
        /** The client said NBD_CMD_DISC. */
        void disconnected();

        /** The stream is not NBD, or more than we can follow: the connection is to be dropped. */
        void broken(String reason);
    }

    private final RequestDecoder decoder;
    private final RequestValidator validator;
    private final RequestExecutor executor;
    private final ReplyWriter replies;
    private final InFlight inFlight;
    private final MemoryBudget budget;
    private final WritePayload payload;
    private final long maximumPayloadBytes;
    private final Listener listener;

    private Phase phase = Phase.HEADER;
    private NbdCommand command = NbdCommand.UNKNOWN;
    private int errno;
    private long discardBytes;
    private boolean blocked;
    private long requests;

    RequestIntake(Parts parts, long maximumPayloadBytes, Listener listener) {
        this.decoder = parts.decoder;
        this.validator = parts.validator;
        this.executor = parts.executor;
        this.replies = parts.replies;
        this.inFlight = parts.inFlight;
        this.budget = parts.budget;
        this.payload = parts.payload;
        this.maximumPayloadBytes = maximumPayloadBytes;
        this.listener = listener;
    }

    /** What an intake works with; each belongs to the same connection. */
    record Parts(
            RequestDecoder decoder,
            RequestValidator validator,
            RequestExecutor executor,
            ReplyWriter replies,
            InFlight inFlight,
            MemoryBudget budget,
            WritePayload payload) {}

    /** The next bytes of the stream. Takes them. */
    void offer(ByteBuf bytes) {
        if (phase == Phase.END) {
            bytes.release();
        } else {
            decoder.offer(bytes);
        }
    }

    /** Whether the socket should be read. */
    boolean wantsBytes() {
        return !blocked && phase != Phase.END;
    }

    /** Whether it waits for room or memory. */
    boolean isBlocked() {
        return blocked;
    }

    /** Requests decoded so far. */
    long requests() {
        return requests;
    }

    /** Goes as far as bytes, limits and memory reach. */
    void advance() {
        blocked = false;
        boolean goesOn = true;
        while (goesOn) {
            goesOn = switch (phase) {
                case HEADER -> header();
                case ADMISSION -> admission();
                case PAYLOAD -> payload();
                case DISCARD -> discard();
                case END -> false;
            };
        }
    }

    private boolean header() {
        if (!decoder.nextHeader()) {
            return false;
        }
        if (decoder.magic() != NbdMagic.NBD_REQUEST_MAGIC) {
            broken("bad request magic=0x" + Integer.toHexString(decoder.magic()));
            return false;
        }
        command = NbdCommand.fromWire(decoder.type());
        requests++;
        if (command == NbdCommand.DISC) {
            end();
            listener.disconnected();
            return false;
        }
        if (command.hasPayload() && decoder.length() > maximumPayloadBytes) {
            broken(command + " longer than the maximum: lengthBytes=" + decoder.length() + " maximum="
                    + maximumPayloadBytes);
            return false;
        }
        errno = validator.check(command, decoder.flags(), decoder.offset(), decoder.length());
        phase = Phase.ADMISSION;
        return true;
    }

    private void broken(String reason) {
        end();
        listener.broken(reason);
    }

    private boolean admission() {
        boolean isRead = errno == NbdErrno.NBD_SUCCESS && command == NbdCommand.READ && decoder.length() > 0;
        long bytes = isRead
                ? ReplyWriter.memoryBytes(decoder.length())
                : command.hasPayload() && errno == NbdErrno.NBD_SUCCESS ? decoder.length() : 0;
        if (!inFlight.admits(bytes) || (isRead && !budget.reserve(bytes))) {
            blocked = true;
            return false;
        }
        inFlight.begin(bytes);
        phase = Phase.HEADER;
        if (errno != NbdErrno.NBD_SUCCESS) {
            refuse();
        } else if (decoder.length() == 0 && command != NbdCommand.FLUSH) {
            replies.header(decoder.cookie(), NbdErrno.NBD_SUCCESS, 0);
        } else if (isRead) {
            executor.read(decoder.cookie(), decoder.offset(), (int) decoder.length());
        } else if (command.hasPayload()) {
            payload.begin(executor.newWrite(decoder.cookie(), decoder.offset(), decoder.length(), decoder.flags()));
            phase = Phase.PAYLOAD;
        } else {
            executor.dataless(command, decoder.cookie(), decoder.offset(), decoder.length(), decoder.flags());
        }
        return true;
    }

    private void refuse() {
        discardBytes = command.hasPayload() ? decoder.length() : 0;
        phase = Phase.DISCARD;
    }

    private boolean payload() {
        Progress progress = payload.advance();
        if (progress != Progress.COMPLETE) {
            blocked = progress == Progress.NEEDS_MEMORY;
            return false;
        }
        phase = Phase.HEADER;
        executor.write(payload.finish());
        return true;
    }

    /** The refusal goes out behind the payload: a client that is still sending is not expecting an answer. */
    private boolean discard() {
        discardBytes = decoder.skip(discardBytes);
        if (discardBytes > 0) {
            return false;
        }
        phase = Phase.HEADER;
        executor.refused();
        replies.header(decoder.cookie(), errno, 0);
        return true;
    }

    /** Where the socket should put its next bytes; returns owned, or null if any receive buffer will do. */
    @Nullable
    ByteBuf receiveInto() {
        return phase == Phase.PAYLOAD && !blocked ? payload.receiveInto() : null;
    }

    /** The stream is over: nothing more is decoded, what is half received is given up. */
    void end() {
        if (phase == Phase.END) {
            return;
        }
        if (phase == Phase.PAYLOAD) {
            inFlight.end(1, decoder.length());
        } else if (phase == Phase.DISCARD) {
            inFlight.end(1, 0);
        }
        phase = Phase.END;
        blocked = false;
        payload.abandon();
        decoder.close();
        budget.close();
    }
}
