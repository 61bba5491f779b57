package org.kiobd.nbd.transmission;

import com.sun.jna.Memory;
import com.sun.jna.Native;
import com.sun.jna.NativeLibrary;
import com.sun.jna.NativeLong;
import com.sun.jna.Pointer;
import io.netty.channel.Channel;
import io.netty.channel.unix.UnixChannel;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Asks the kernel whether the peer of a connection has hung up, without reading the data it sent before: poll(2) with POLLRDHUP. If the
 * channel has no descriptor (NIO) or native calls are missing, a hangup is never reported here; the next read detects it.
 */
final class PeerHangup {
    private static final Logger LOG = LoggerFactory.getLogger(PeerHangup.class);
    private static final short POLLERR = 0x8;
    private static final short POLLHUP = 0x10;
    private static final short POLLRDHUP = 0x2000;
    private static final boolean AVAILABLE = register();

    /** struct pollfd: int fd, short events, short revents. */
    private static final ThreadLocal<Memory> POLLFD = ThreadLocal.withInitial(() -> new Memory(8));

    private static final NativeLong ONE = new NativeLong(1);

    private PeerHangup() {}

    private static boolean register() {
        try {
            if (!System.getProperty("os.name").equals("Linux")) {
                return false;
            }
            Native.register(PeerHangup.class, NativeLibrary.getProcess());
            return true;
        } catch (RuntimeException | LinkageError e) {
            LOG.warn("no native calls: a client that goes away is noticed at the next read only: {}", e.toString());
            return false;
        }
    }

    private static native int poll(Pointer pollfds, NativeLong count, int timeoutMs);

    /** Returns whether the peer will not send any more data; false if unknown. */
    static boolean hasHungUp(Channel channel) {
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
