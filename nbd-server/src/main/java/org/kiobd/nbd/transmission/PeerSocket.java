package org.kiobd.nbd.transmission;

import com.sun.jna.Memory;
import com.sun.jna.Native;
import com.sun.jna.NativeLibrary;
import com.sun.jna.NativeLong;
import com.sun.jna.Pointer;
import io.netty.channel.Channel;
import io.netty.channel.unix.UnixChannel;
import org.kiobd.volume.queue.Requester;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Asks the socket of a connection for data, one receive at a time, and finds out whether the peer is still there before a mutation that may
 * be outdated is issued. The owner of the connection's requests. Confined to the connection's loop.
 *
 * <p>The kernel is asked without reading the data that the peer sent before it hung up: poll(2) with POLLRDHUP. If the channel has no
 * descriptor (NIO) or native calls are missing, a hangup is never reported here; the next read detects it.
 */
final class PeerSocket implements Requester {
    private static final Logger LOG = LoggerFactory.getLogger(PeerSocket.class);

    /**
     * Validity of a check that the client is still there. A client needs more time to send a request again on another connection, get the
     * reply, and write newer data. Only a poll of the kernel counts as a check: the end of the stream may directly follow received data.
     */
    private static final long FRESH_NANOS = 100_000;

    private static final short POLLERR = 0x8;
    private static final short POLLHUP = 0x10;
    private static final short POLLRDHUP = 0x2000;
    private static final boolean AVAILABLE = register();

    /** struct pollfd: int fd, short events, short revents. */
    private static final ThreadLocal<Memory> POLLFD = ThreadLocal.withInitial(() -> new Memory(8));

    private static final NativeLong ONE = new NativeLong(1);

    private final Transmission transmission;
    private final Channel channel;
    private boolean readAsked;
    private long seenNanos = System.nanoTime();
    private boolean inDoubt;

    PeerSocket(Transmission transmission) {
        this.transmission = transmission;
        this.channel = transmission.ctx().channel();
    }

    /** Asks for the next receive, unless one was asked for and has not completed. */
    void read() {
        if (!readAsked) {
            readAsked = true;
            transmission.ctx().read();
        }
    }

    /** Notes that the receive has completed. */
    void readCompleted() {
        readAsked = false;
    }

    /** Returns whether mutations wait because the peer may have gone: only reading the socket to its end tells. */
    boolean isInDoubt() {
        return inDoubt;
    }

    /**
     * Ends the check for a lost peer, because the peer has sent NBD_CMD_DISC or the server shuts down.
     *
     * @return whether there was a doubt, so that mutations wait which may now be issued
     */
    boolean endDoubt() {
        boolean was = inDoubt;
        inDoubt = false;
        return was;
    }

    @Override
    public boolean isThere(long nowNanos) {
        if (!transmission.isServing()) {
            return true;
        }
        if (!channel.isActive()) {
            // The socket is closed; channelInactive will run after the plug is pulled.
            return false;
        }
        if (nowNanos - seenNanos < FRESH_NANOS) {
            return true;
        }
        if (!hasHungUp(channel)) {
            seenNanos = nowNanos;
            return true;
        }
        // Either NBD_CMD_DISC is at the end of the data that the client sent, or no waiting mutation may be issued:
        // read to find out.
        inDoubt = true;
        read();
        return false;
    }

    private static boolean register() {
        try {
            if (!System.getProperty("os.name").equals("Linux")) {
                return false;
            }
            Native.register(PeerSocket.class, NativeLibrary.getProcess());
            return true;
        } catch (RuntimeException | LinkageError e) {
            LOG.warn("no native calls: a client that goes away is noticed at the next read only: {}", e.toString());
            return false;
        }
    }

    private static native int poll(Pointer pollfds, NativeLong count, int timeoutMs);

    /** Returns whether the peer will not send any more data; false if unknown. */
    private static boolean hasHungUp(Channel channel) {
        if (!AVAILABLE || !(channel instanceof UnixChannel unix)) {
            return false;
        }
        Memory pollfd = POLLFD.get();
        pollfd.setInt(0, unix.fd().intValue());
        pollfd.setShort(4, POLLRDHUP);
        pollfd.setShort(6, (short) 0);
        return poll(pollfd, ONE, 0) > 0 && (pollfd.getShort(6) & (POLLERR | POLLHUP | POLLRDHUP)) != 0;
    }
}
