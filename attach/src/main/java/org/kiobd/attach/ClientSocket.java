package org.kiobd.attach;

import com.sun.jna.LastErrorException;
import com.sun.jna.Memory;
import com.sun.jna.Native;
import java.io.IOException;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ByteChannel;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.kiobd.attach.libc.Libc;
import org.kiobd.nbd.client.NbdUri;

/**
 * A connection whose descriptor can be given to the kernel, which Java's own sockets do not allow. One thread at a time; calls block, at most
 * for the time limit of the connection.
 */
final class ClientSocket implements ByteChannel {
    private static final int AF_UNIX = 1;
    private static final int AF_INET = 2;
    private static final int AF_INET6 = 10;
    private static final int SOCK_STREAM = 1;
    private static final int SO_KEEPALIVE = 9;
    private static final int IPPROTO_TCP = 6;
    private static final int TCP_NODELAY = 1;
    private static final int TCP_KEEPIDLE = 4;
    private static final int TCP_KEEPINTVL = 5;
    private static final int TCP_USER_TIMEOUT = 18;
    private static final int MSG_NOSIGNAL = 0x4000;

    private static final int EINPROGRESS = 115;

    private static final int INET_BYTES = 16;
    private static final int INET6_BYTES = 28;
    private static final int INET6_ADDRESS_AT = 8;
    private static final int INET_ADDRESS_AT = 4;
    private static final int UNIX_BYTES = 110;
    private static final int BUFFER_BYTES = 4096;

    /**
     * A peer that is gone without a word is noticed after this time. No less: a server that lives may take nothing for long, e.g. because its disk
     * is slow, and the kernel counts that time, too (net/ipv4/tcp_timer.c, tcp_probe_timer). What it cut off then would be sent again.
     */
    private static final int LOST_PEER_S = 120;

    private static final int PROBE_EVERY_S = 20;

    private final int fd;
    private final Memory buffer = new Memory(BUFFER_BYTES);
    private boolean open = true;

    private ClientSocket(int fd) {
        this.fd = fd;
    }

    /**
     * Connects to the server of {@code uri}: to the first of its addresses that accepts.
     *
     * @param timeoutMs limit for the connection to an address, and for each later read and write
     */
    static ClientSocket connect(NbdUri uri, int timeoutMs) throws IOException {
        Path path = uri.socket();
        if (path != null) {
            return connect(AF_UNIX, unixAddress(path), timeoutMs, path.toString());
        }
        IOException last = null;
        for (InetAddress address : InetAddress.getAllByName(uri.host())) {
            try {
                int family = address instanceof Inet4Address ? AF_INET : AF_INET6;
                ClientSocket socket = connect(
                        family,
                        inetAddress(address, uri.port()),
                        timeoutMs,
                        address.getHostAddress() + ":" + uri.port());
                boolean isReady = false;
                try {
                    socket.noticeLostPeer();
                    isReady = true;
                    return socket;
                } finally {
                    if (!isReady) {
                        socket.close();
                    }
                }
            } catch (IOException e) {
                last = e;
            } catch (LastErrorException e) {
                last = new IOException(e.getMessage(), e);
            }
        }
        throw last == null ? new IOException("host=" + uri.host() + " has no address") : last;
    }

    private static ClientSocket connect(int family, Memory address, int timeoutMs, String where) throws IOException {
        ClientSocket made = null;
        boolean isConnected = false;
        try (address) {
            made = new ClientSocket(Libc.socket(family, SOCK_STREAM | Libc.SOCK_CLOEXEC, 0));
            made.limit(timeoutMs);
            Libc.connect(made.fd, address, (int) address.size());
            isConnected = true;
            return made;
        } catch (LastErrorException e) {
            String why = e.getErrorCode() == EINPROGRESS || e.getErrorCode() == Libc.EAGAIN
                    ? "no answer for " + timeoutMs + " ms"
                    : Libc.strerror(e.getErrorCode());
            throw new IOException(where + ": " + why, e);
        } finally {
            if (made != null && !isConnected) {
                made.close();
            }
        }
    }

    private static Memory unixAddress(Path path) throws IOException {
        byte[] name = Native.toByteArray(path.toString());
        if (name.length > UNIX_BYTES - Short.BYTES) {
            throw new IOException(
                    path + ": the path of a socket has at most " + (UNIX_BYTES - Short.BYTES - 1) + " bytes");
        }
        Memory address = new Memory(UNIX_BYTES);
        address.clear();
        address.setShort(0, (short) AF_UNIX);
        address.write(Short.BYTES, name, 0, name.length);
        return address;
    }

    private static Memory inetAddress(InetAddress host, int port) {
        boolean isFour = host instanceof Inet4Address;
        Memory address = new Memory(isFour ? INET_BYTES : INET6_BYTES);
        address.clear();
        address.setShort(0, (short) (isFour ? AF_INET : AF_INET6));
        address.setByte(Short.BYTES, (byte) (port >>> Byte.SIZE));
        address.setByte(Short.BYTES + 1, (byte) port);
        byte[] bytes = host.getAddress();
        address.write(isFour ? INET_ADDRESS_AT : INET6_ADDRESS_AT, bytes, 0, bytes.length);
        return address;
    }

    private void noticeLostPeer() {
        Libc.option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
        Libc.option(fd, Libc.SOL_SOCKET, SO_KEEPALIVE, 1);
        Libc.option(fd, IPPROTO_TCP, TCP_KEEPIDLE, PROBE_EVERY_S);
        Libc.option(fd, IPPROTO_TCP, TCP_KEEPINTVL, PROBE_EVERY_S);
        // Also in place of a number of probes: tcp(7).
        Libc.option(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, (int) TimeUnit.SECONDS.toMillis(LOST_PEER_S));
    }

    /**
     * Sets the time limit of reads and writes.
     *
     * @param timeoutMs 0: no limit, as the kernel's client needs it
     */
    void limit(int timeoutMs) {
        Libc.limit(fd, Libc.SO_RCVTIMEO, timeoutMs);
        Libc.limit(fd, Libc.SO_SNDTIMEO, timeoutMs);
    }

    /** Returns the descriptor, valid until {@link #close}. */
    int fd() {
        return fd;
    }

    @Override
    public int read(ByteBuffer into) throws IOException {
        int most = Math.min(into.remaining(), BUFFER_BYTES);
        long count = moved(() -> Libc.recv(fd, buffer, most, 0));
        if (count == 0) {
            return -1;
        }
        into.put(buffer.getByteBuffer(0, count));
        return (int) count;
    }

    @Override
    public int write(ByteBuffer from) throws IOException {
        int most = Math.min(from.remaining(), BUFFER_BYTES);
        ByteBuffer part = from.slice(from.position(), most);
        buffer.getByteBuffer(0, most).put(part);
        long count = moved(() -> Libc.send(fd, buffer, most, MSG_NOSIGNAL));
        from.position(from.position() + (int) count);
        return (int) count;
    }

    @FunctionalInterface
    private interface Transfer {
        long move() throws LastErrorException;
    }

    private static long moved(Transfer transfer) throws IOException {
        while (true) {
            try {
                return transfer.move();
            } catch (LastErrorException e) {
                if (e.getErrorCode() == Libc.EAGAIN) {
                    throw new IOException("no answer in time", e);
                }
                if (e.getErrorCode() != Libc.EINTR) {
                    throw new IOException(Libc.strerror(e.getErrorCode()), e);
                }
            }
        }
    }

    @Override
    public boolean isOpen() {
        return open;
    }

    @Override
    public void close() {
        if (open) {
            open = false;
            Libc.close(fd);
            buffer.close();
        }
    }
}
