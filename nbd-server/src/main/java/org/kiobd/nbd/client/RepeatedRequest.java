package org.kiobd.nbd.client;

import io.netty.buffer.ByteBuf;
import org.jspecify.annotations.Nullable;
import org.kiobd.nbd.protocol.NbdCommand;
import org.kiobd.volume.kiobuf.Fragment;

/**
 * A reusable request that is sent again and again, one at a time, for callers that make very many requests. It has the same rules as {@link
 * NbdCommands}, but calls a listener instead of completing a future, and allocates nothing for a request and its reply. {@link
 * NbdClient#repeated} makes it; the caller owns it and need not close it.
 *
 * <p>Confined to the event loop of the client. For each call the listener is called once, perhaps before the call returns, and the listener
 * may make the next request. A new request while one is in flight is a bug.
 */
public final class RepeatedRequest {
    /** Called when a request has ended. */
    @FunctionalInterface
    public interface Listener {
        /**
         * Reports the end of the request; called on the event loop.
         *
         * @param failure the reason for a failure; null for success
         */
        void ended(@Nullable NbdException failure);
    }

    /** Sends requests. */
    interface Sender {
        void submit(Pending request);

        boolean inLoop();

        /** Returns the time at which the receive that is being decoded returned. */
        long receivedNanos();
    }

    private final Sender sender;
    private final Listener listener;
    private final Pending.Request request = new Pending.Request(NbdCommand.FLUSH, 0, 0, 0);
    private final Read read = new Read(request);
    private final Plain plain = new Plain(request);
    private boolean underWay;

    RepeatedRequest(Sender sender, Listener listener) {
        this.sender = sender;
        this.listener = listener;
    }

    /** Sends a READ and discards the data: the reply is checked as usual, but the data are not copied from the receive buffer. */
    public void readAndDrop(long offsetBytes, int lengthBytes, int flags) {
        sendRead(offsetBytes, lengthBytes, flags, null);
    }

    /** Sends a READ; fills holes with zeros. Borrows {@code destination} until the request has ended. */
    public void read(long offsetBytes, Fragment destination, int flags) {
        sendRead(offsetBytes, destination.lengthBytes(), flags, destination);
    }

    private void sendRead(long offsetBytes, int lengthBytes, int flags, @Nullable Fragment destination) {
        begin(NbdCommand.READ, flags, offsetBytes, lengthBytes);
        read.forgetChunks();
        read.destination = destination;
        sender.submit(read);
    }

    /** Sends a WRITE. Borrows {@code payload} until the request has ended. */
    public void write(long offsetBytes, Fragment payload, int flags) {
        begin(NbdCommand.WRITE, flags, offsetBytes, payload.lengthBytes());
        plain.payload = payload;
        plain.forget();
        sender.submit(plain);
    }

    public void flush() {
        begin(NbdCommand.FLUSH, 0, 0, 0);
        plain.forget();
        sender.submit(plain);
    }

    private void begin(NbdCommand command, int flags, long offsetBytes, long lengthBytes) {
        if (underWay || !sender.inLoop()) {
            throw new IllegalStateException("not from here, or not yet: underWay=" + underWay + " " + request);
        }
        underWay = true;
        request.set(command, flags, offsetBytes, lengthBytes);
    }

    private void end(@Nullable NbdException failure) {
        underWay = false;
        listener.ended(failure);
    }

    /**
     * Returns the time at which the receive of the last part of the reply returned, on the clock of {@link System#nanoTime}. Valid in the
     * listener after a success. All replies of one receive share one reading of the clock.
     */
    public long receivedNanos() {
        return sender.receivedNanos();
    }

    private final class Read extends PendingRead {
        private @Nullable Fragment destination;

        Read(Request request) {
            super(request);
        }

        private int at(Fragment into, long atOffset) {
            return into.offsetBytes() + (int) (atOffset - request().offsetBytes());
        }

        @Override
        void data(long atOffset, ByteBuf in, int bytes) {
            Fragment into = destination;
            if (into == null) {
                in.skipBytes(bytes);
            } else {
                in.readBytes(into.memory(), at(into, atOffset), bytes);
            }
        }

        @Override
        void hole(long atOffset, int bytes) {
            Fragment into = destination;
            if (into != null) {
                into.memory().setZero(at(into, atOffset), bytes);
            }
        }

        @Override
        void allHere() {
            destination = null;
            end(null);
        }

        @Override
        void failed(NbdException why) {
            end(why);
        }

        @Override
        void drop() {
            destination = null;
        }
    }

    private final class Plain extends Pending {
        private @Nullable Fragment payload;

        Plain(Request request) {
            super(request);
        }

        @Override
        long payloadBytes() {
            return request().lengthBytes();
        }

        @Override
        @Nullable
        Fragment payload() {
            return payload;
        }

        @Override
        void complete() {
            payload = null;
            end(null);
        }

        @Override
        void failed(NbdException why) {
            end(why);
        }

        @Override
        void drop() {
            payload = null;
        }
    }
}
