package org.kiobd.nbd.client;

import io.netty.buffer.ByteBuf;
import org.jspecify.annotations.Nullable;
import org.kiobd.nbd.protocol.NbdCommand;
import org.kiobd.volume.kiobuf.Fragment;

/**
 * A request that is made again and again, one at a time: for whoever makes very many. It tells a listener where {@link NbdCommands} ends
 * futures, and once it is made, asking and answering allocate nothing; the rules are the same. {@link NbdClient#repeated} makes it, and
 * whoever had it made owns it; there is nothing to close.
 *
 * <p>Confined to the client's loop. Each call is answered by one call of the listener, which may be made before the first returns, and
 * may ask again. While a request is under way, asking again is a bug.
 */
public final class RepeatedRequest {
    /** Told how a request has ended. */
    @FunctionalInterface
    public interface Listener {
        /**
         * It has ended, on the loop.
         *
         * @param failure why; null: it succeeded
         */
        void ended(@Nullable NbdException failure);
    }

    /** Where requests go. */
    interface Sender {
        void submit(Pending request);

        boolean inLoop();

        /** When the receive that is being decoded returned. */
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

    /**
     * READ of bytes that nobody wants: the reply is held against the request as ever, and what it brings is left where the socket
     * delivered it.
     */
    public void readAndDrop(long offsetBytes, int lengthBytes, int flags) {
        sendRead(offsetBytes, lengthBytes, flags, null);
    }

    /** READ; holes are filled with zeros. Borrows {@code destination} until it has ended. */
    public void read(long offsetBytes, Fragment destination, int flags) {
        sendRead(offsetBytes, destination.lengthBytes(), flags, destination);
    }

    private void sendRead(long offsetBytes, int lengthBytes, int flags, @Nullable Fragment destination) {
        begin(NbdCommand.READ, flags, offsetBytes, lengthBytes);
        read.forgetChunks();
        read.destination = destination;
        sender.submit(read);
    }

    /** WRITE. Borrows {@code payload} until it has ended. */
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
     * For the listener, while it is told of success: when the last receive that brought bytes of the reply returned, on the clock of
     * {@link System#nanoTime}. One look at the clock for all that it brought.
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
