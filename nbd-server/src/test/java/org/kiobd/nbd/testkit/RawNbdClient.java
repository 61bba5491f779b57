package org.kiobd.nbd.testkit;

import java.io.EOFException;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.StandardSocketOptions;
import java.net.URI;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;
import org.jspecify.annotations.Nullable;

/**
 * An NBD client that sends exactly the bytes it is told to, in the pieces it is told to, and says when each reply came. It has its own
 * copy of the protocol's numbers, so that it does not share the server's mistakes. One thread may send while another receives.
 */
@SuppressWarnings("ArrayRecordComponent") // its records are looked into, never compared
public final class RawNbdClient implements AutoCloseable {
    public static final int READ = 0;
    public static final int WRITE = 1;
    public static final int DISC = 2;
    public static final int FLUSH = 3;
    public static final int TRIM = 4;
    public static final int CACHE = 5;
    public static final int WRITE_ZEROES = 6;

    public static final int FLAG_FUA = 1;
    public static final int FLAG_NO_HOLE = 2;

    public static final int EPERM = 1;
    public static final int EIO = 5;
    public static final int EINVAL = 22;
    public static final int ENOSPC = 28;

    public static final int OPT_EXPORT_NAME = 1;
    public static final int OPT_ABORT = 2;
    public static final int OPT_LIST = 3;
    public static final int OPT_STARTTLS = 5;
    public static final int OPT_GO = 7;
    public static final int REP_ACK = 1;

    /** The length of a request's header. */
    public static final int REQUEST_BYTES = 28;

    /** Fixed newstyle, and no zeroes after NBD_OPT_EXPORT_NAME. */
    public static final int CLIENT_FLAGS = 3;

    private static final long GREETING_MAGIC = 0x4e42444d41474943L;
    private static final long OPTION_MAGIC = 0x49484156454F5054L;
    private static final long ONLY_COOKIE = 77;
    private static final int INFO_EXPORT = 0;
    private static final int REP_INFO = 3;

    private final SocketChannel channel;
    private @Nullable SSLSocket tls;
    private final Map<Long, Integer> readLengths = new ConcurrentHashMap<>();
    private long sizeBytes = -1;
    private int transmissionFlags;

    /**
     * One request.
     *
     * @param payload what follows the header; empty but for WRITE
     */
    public record Request(int type, int flags, long cookie, long offset, int length, byte[] payload) {
        public static Request of(int type, long cookie, long offset, int length) {
            return new Request(type, 0, cookie, offset, length, new byte[0]);
        }

        public static Request write(long cookie, long offset, byte[] payload) {
            return new Request(WRITE, 0, cookie, offset, payload.length, payload);
        }

        public Request withFlags(int newFlags) {
            return new Request(type, newFlags, cookie, offset, length, payload);
        }

        /** As it goes over the wire. */
        public byte[] bytes() {
            ByteBuffer bytes = ByteBuffer.allocate(REQUEST_BYTES + payload.length);
            return putRequest(bytes, flags << 16 | type, cookie, offset, length)
                    .put(payload)
                    .array();
        }
    }

    /**
     * One reply.
     *
     * @param receivedNanos {@link System#nanoTime()} when its last byte was there
     */
    public record Reply(long cookie, int errno, byte[] data, long receivedNanos) {}

    /** One option reply. Errors are negative. */
    public record OptionReply(int option, int type, byte[] data) {}

    private RawNbdClient(SocketChannel channel) {
        this.channel = channel;
    }

    /**
     * Writes a request's header at the buffer's position; returns the buffer.
     *
     * @param type the type and, in the upper 16 bits, the flags
     */
    public static ByteBuffer putRequest(ByteBuffer buffer, int type, long cookie, long offset, int length) {
        return buffer.putInt(0x25609513)
                .putInt(type)
                .putLong(cookie)
                .putLong(offset)
                .putInt(length);
    }

    /** Connects to an {@code nbd:} or {@code nbd+unix:} URI and says nothing. */
    public static RawNbdClient connect(URI uri) throws IOException {
        boolean tcp = !uri.getScheme().endsWith("+unix");
        SocketAddress address = tcp
                ? new InetSocketAddress(uri.getHost(), uri.getPort())
                : UnixDomainSocketAddress.of(uri.getQuery().substring("socket=".length()));
        SocketChannel channel = SocketChannel.open(address);
        if (tcp) {
            channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
        }
        return new RawNbdClient(channel);
    }

    /** Connects and goes through the handshake to the URI's export. */
    public static RawNbdClient attach(URI uri) throws IOException {
        RawNbdClient client = connect(uri);
        client.greet(CLIENT_FLAGS);
        client.go(uri.getPath().substring(1));
        return client;
    }

    /** Receives the greeting and answers with {@code clientFlags}. */
    public void greet(int clientFlags) throws IOException {
        ByteBuffer greeting = receive(18);
        if (greeting.getLong() != GREETING_MAGIC || greeting.getLong() != OPTION_MAGIC) {
            throw new IOException("not a newstyle NBD server");
        }
        send(ByteBuffer.allocate(4).putInt(clientFlags).array());
    }

    /** NBD_OPT_GO, up to the acknowledgement. */
    public void go(String exportName) throws IOException {
        byte[] name = exportName.getBytes(StandardCharsets.UTF_8);
        option(
                OPT_GO,
                ByteBuffer.allocate(6 + name.length)
                        .putInt(name.length)
                        .put(name)
                        .putShort((short) 0)
                        .array());
        OptionReply reply = readOptionReply();
        while (reply.type() == REP_INFO) {
            ByteBuffer info = ByteBuffer.wrap(reply.data());
            if (info.getShort() == INFO_EXPORT) {
                sizeBytes = info.getLong();
                transmissionFlags = Short.toUnsignedInt(info.getShort());
            }
            reply = readOptionReply();
        }
        if (reply.type() != REP_ACK) {
            throw new IOException("GO refused: type=" + Integer.toHexString(reply.type()) + " "
                    + new String(reply.data(), StandardCharsets.UTF_8));
        }
    }

    /** NBD_OPT_STARTTLS and TLS's own handshake; TCP only. */
    public void startTls(SSLContext context, String protocol) throws IOException {
        option(OPT_STARTTLS, new byte[0]);
        OptionReply reply = readOptionReply();
        if (reply.type() != REP_ACK) {
            throw new IOException("STARTTLS refused: type=" + Integer.toHexString(reply.type()));
        }
        // Not autoClose, or the end of TLS would end the socket as well.
        SSLSocket secured =
                (SSLSocket) context.getSocketFactory().createSocket(channel.socket(), "localhost", 0, false);
        secured.setEnabledProtocols(new String[] {protocol});
        secured.startHandshake();
        tls = secured;
    }

    /** Asks for another TLS handshake, which TLS 1.2 knows. */
    public void renegotiate() throws IOException {
        Objects.requireNonNull(tls).startHandshake();
    }

    /** Sends bytes past TLS. */
    public void sendPlain(byte[] bytes) throws IOException {
        ByteBuffer left = ByteBuffer.wrap(bytes);
        while (left.hasRemaining()) {
            channel.write(left);
        }
    }

    public void option(int option, byte[] data) throws IOException {
        option(option, data.length, data);
    }

    /** An option whose length field may be a lie. */
    public void option(int option, int claimedBytes, byte[] data) throws IOException {
        send(ByteBuffer.allocate(16 + data.length)
                .putLong(OPTION_MAGIC)
                .putInt(option)
                .putInt(claimedBytes)
                .put(data)
                .array());
    }

    public OptionReply readOptionReply() throws IOException {
        ByteBuffer header = receive(20);
        if (header.getLong() != 0x3e889045565a9L) {
            throw new IOException("bad option reply magic");
        }
        return new OptionReply(
                header.getInt(), header.getInt(), receive(header.getInt()).array());
    }

    /** Sends all requests in one write, as far as the socket takes it. */
    public void send(Request... requests) throws IOException {
        int length = 0;
        for (Request request : requests) {
            length += REQUEST_BYTES + request.payload().length;
        }
        ByteBuffer all = ByteBuffer.allocate(length);
        for (Request request : requests) {
            if (request.type() == READ) {
                readLengths.put(request.cookie(), request.length());
            }
            all.put(request.bytes());
        }
        send(all.array());
    }

    public void send(byte[] bytes) throws IOException {
        if (tls == null) {
            sendPlain(bytes);
        } else {
            tls.getOutputStream().write(bytes);
        }
    }

    /**
     * Sends bytes in one write, as far as the socket takes them; past TLS. The replies to READs among them come without their data: {@link
     * #receive} takes those.
     */
    public void send(ByteBuffer bytes) throws IOException {
        while (bytes.hasRemaining()) {
            channel.write(bytes);
        }
    }

    /** The next reply, whichever it is. */
    public Reply readReply() throws IOException {
        ByteBuffer header = receive(16);
        if (header.getInt() != 0x67446698) {
            throw new IOException("bad reply magic");
        }
        int errno = header.getInt();
        long cookie = header.getLong();
        Integer length = readLengths.remove(cookie);
        byte[] data = errno == 0 && length != null ? receive(length).array() : new byte[0];
        return new Reply(cookie, errno, data, System.nanoTime());
    }

    /** Sends one request and returns its reply; nothing else may be in flight. */
    public Reply call(Request request) throws IOException {
        send(request);
        Reply reply = readReply();
        if (reply.cookie() != request.cookie()) {
            throw new IOException("reply to another request: cookie=" + reply.cookie());
        }
        return reply;
    }

    /** Sends one request, a WRITE with {@code length} zeroes, and returns the error of its reply; nothing else may be in flight. */
    public int errnoOf(int type, int flags, long offset, int length) throws IOException {
        byte[] payload = new byte[type == WRITE ? length : 0];
        return call(new Request(type, flags, ONLY_COOKIE, offset, length, payload))
                .errno();
    }

    /** Reads a range, which must work; nothing else may be in flight. */
    public byte[] read(long offset, int length) throws IOException {
        Reply reply = call(Request.of(READ, ONLY_COOKIE, offset, length));
        if (reply.errno() != 0) {
            throw new IOException("READ offset=" + offset + " length=" + length + " failed: error=" + reply.errno());
        }
        return reply.data();
    }

    /** Exactly so many bytes, ready to be read. */
    public ByteBuffer receive(int bytes) throws IOException {
        ByteBuffer buffer = ByteBuffer.allocate(bytes);
        if (tls != null) {
            if (tls.getInputStream().readNBytes(buffer.array(), 0, bytes) < bytes) {
                throw new EOFException("the server ended TLS");
            }
            return buffer;
        }
        while (buffer.hasRemaining()) {
            if (channel.read(buffer) < 0) {
                throw new EOFException("the server closed the connection");
            }
        }
        return buffer.flip();
    }

    /** Whether the server ends the connection, without another byte. */
    public boolean isCutOff() throws IOException {
        try {
            return (tls == null
                            ? channel.read(ByteBuffer.allocate(1))
                            : tls.getInputStream().read())
                    < 0;
        } catch (IOException e) {
            // A reset says the same.
            return true;
        }
    }

    /** Will send nothing more, but goes on receiving. Under TLS that is a close_notify, and the socket stays as it is. */
    public void shutdownOutput() throws IOException {
        if (tls == null) {
            channel.shutdownOutput();
        } else {
            tls.shutdownOutput();
        }
    }

    /** Whether the server has closed the socket itself, TLS or not; what it sent before is passed over. */
    public boolean isSocketClosed() throws IOException {
        try {
            ByteBuffer passedOver = ByteBuffer.allocate(4096);
            while (channel.read(passedOver) >= 0) {
                passedOver.clear();
            }
            return true;
        } catch (IOException e) {
            return true;
        }
    }

    public long sizeBytes() {
        return sizeBytes;
    }

    public int transmissionFlags() {
        return transmissionFlags;
    }

    /** Closes without NBD_CMD_DISC. */
    @Override
    public void close() throws IOException {
        channel.close();
    }
}
