package org.kiobd.it.clients;

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

/**
 * An NBD client that sends exactly the bytes it is told to, in exactly the pieces it is told to, and reads replies one by one: what no
 * well-behaved client lets a test do. It has its own copy of the protocol's numbers, so that it does not share the server's mistakes.
 * One thread sends and one may read.
 */
final class RawNbd implements AutoCloseable {
    static final int READ = 0;
    static final int WRITE = 1;
    static final int DISC = 2;
    static final int FLUSH = 3;
    static final int TRIM = 4;
    static final int CACHE = 5;
    static final int WRITE_ZEROES = 6;

    static final int FLAG_FUA = 1;
    static final int FLAG_NO_HOLE = 2;

    static final int EPERM = 1;
    static final int EIO = 5;
    static final int EINVAL = 22;
    static final int ENOSPC = 28;

    static final int OPT_GO = 7;
    static final int REP_ACK = 1;
    static final int HEADER_BYTES = 28;

    private static final long MAGIC = 0x4e42444d41474943L;
    private static final long OPTION_MAGIC = 0x49484156454F5054L;
    private static final long OPTION_REPLY_MAGIC = 0x3e889045565a9L;
    private static final int REQUEST_MAGIC = 0x25609513;
    private static final int REPLY_MAGIC = 0x67446698;
    private static final int CLIENT_FIXED_NO_ZEROES = 3;
    private static final int INFO_EXPORT = 0;

    private final SocketChannel channel;
    private final ByteBuffer replyHeader = ByteBuffer.allocate(16);
    private long sizeBytes;
    private int transmissionFlags;

    /**
     * A simple reply's header.
     *
     * @param error 0 for success
     */
    record Reply(int error, long cookie) {}

    /**
     * An option reply.
     *
     * @param type {@link #REP_ACK} and so on; errors are negative
     */
    record OptionReply(int option, int type, ByteBuffer data) {}

    private RawNbd(SocketChannel channel) {
        this.channel = channel;
    }

    /** Connects to the server of {@code uri} without saying anything. */
    static RawNbd connect(String uri) throws IOException {
        URI parsed = URI.create(uri);
        SocketChannel channel = SocketChannel.open(address(parsed));
        if (parsed.getScheme().equals("nbd")) {
            channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
        }
        return new RawNbd(channel);
    }

    private static SocketAddress address(URI uri) {
        if (uri.getScheme().equals("nbd+unix")) {
            return UnixDomainSocketAddress.of(uri.getQuery().substring("socket=".length()));
        }
        return new InetSocketAddress(uri.getHost(), uri.getPort());
    }

    /** Connects and goes through the handshake: ready to send requests. */
    static RawNbd attach(String uri) throws IOException {
        RawNbd client = connect(uri);
        client.greet();
        client.go(URI.create(uri).getPath().replaceFirst("^/", ""));
        return client;
    }

    /** Reads the server's greeting and answers it. */
    void greet() throws IOException {
        ByteBuffer greeting = receive(18);
        if (greeting.getLong() != MAGIC || greeting.getLong() != OPTION_MAGIC) {
            throw new IOException("not a newstyle NBD server");
        }
        send(ByteBuffer.allocate(4).putInt(CLIENT_FIXED_NO_ZEROES).flip());
    }

    /** NBD_OPT_GO, which has to work. */
    void go(String name) throws IOException {
        byte[] bytes = name.getBytes(StandardCharsets.UTF_8);
        sendOption(
                OPT_GO,
                bytes.length + 6,
                ByteBuffer.allocate(bytes.length + 6)
                        .putInt(bytes.length)
                        .put(bytes)
                        .putShort((short) 0)
                        .flip());
        while (true) {
            OptionReply reply = readOptionReply();
            if (reply.type() == REP_ACK) {
                return;
            }
            if (reply.type() < 0) {
                throw new IOException("NBD_OPT_GO name=" + name + " refused: type="
                        + Integer.toHexString(reply.type()) + " text="
                        + StandardCharsets.UTF_8.decode(reply.data()));
            }
            if (reply.data().getShort() == INFO_EXPORT) {
                sizeBytes = reply.data().getLong();
                transmissionFlags = reply.data().getShort() & 0xffff;
            }
        }
    }

    /** Sends an option whose header claims {@code claimedBytes}, followed by {@code data}. */
    void sendOption(int option, int claimedBytes, ByteBuffer data) throws IOException {
        send(ByteBuffer.allocate(16 + data.remaining())
                .putLong(OPTION_MAGIC)
                .putInt(option)
                .putInt(claimedBytes)
                .put(data)
                .flip());
    }

    OptionReply readOptionReply() throws IOException {
        ByteBuffer header = receive(20);
        if (header.getLong() != OPTION_REPLY_MAGIC) {
            throw new IOException("not an option reply");
        }
        int option = header.getInt();
        int type = header.getInt();
        return new OptionReply(option, type, receive(header.getInt()));
    }

    long sizeBytes() {
        return sizeBytes;
    }

    int transmissionFlags() {
        return transmissionFlags;
    }

    /** A request header at the buffer's position; {@code commandAndFlags} has the flags in its upper half. */
    static ByteBuffer putRequest(ByteBuffer buffer, int commandAndFlags, long cookie, long offset, int length) {
        return buffer.putInt(REQUEST_MAGIC)
                .putShort((short) (commandAndFlags >>> 16))
                .putShort((short) commandAndFlags)
                .putLong(cookie)
                .putLong(offset)
                .putInt(length);
    }

    /** A command with flags, for {@link #putRequest}. */
    static int command(int command, int flags) {
        return flags << 16 | command;
    }

    /** Sends one request without a payload. */
    void request(int commandAndFlags, long cookie, long offset, int length) throws IOException {
        send(putRequest(ByteBuffer.allocate(HEADER_BYTES), commandAndFlags, cookie, offset, length)
                .flip());
    }

    /** Sends one WRITE. */
    void write(int flags, long cookie, long offset, byte[] payload) throws IOException {
        ByteBuffer message = ByteBuffer.allocate(HEADER_BYTES + payload.length);
        putRequest(message, command(WRITE, flags), cookie, offset, payload.length);
        send(message.put(payload).flip());
    }

    /** Sends bytes in one call of write(2), as far as the socket takes them. */
    void send(ByteBuffer bytes) throws IOException {
        while (bytes.hasRemaining()) {
            channel.write(bytes);
        }
    }

    /** The next reply's header. */
    Reply readReply() throws IOException {
        fill(replyHeader.clear());
        if (replyHeader.getInt() != REPLY_MAGIC) {
            throw new IOException("not a simple reply");
        }
        return new Reply(replyHeader.getInt(), replyHeader.getLong());
    }

    /** Sends a request without a payload and returns the error of its reply. */
    int errorOf(int commandAndFlags, long offset, int length) throws IOException {
        request(commandAndFlags, 77, offset, length);
        return expectReply(77);
    }

    /** Sends a WRITE and returns the error of its reply. */
    int errorOfWrite(int flags, long offset, int length) throws IOException {
        write(flags, 78, offset, new byte[length]);
        return expectReply(78);
    }

    private int expectReply(long cookie) throws IOException {
        Reply reply = readReply();
        if (reply.cookie() != cookie) {
            throw new IOException("cookie=" + reply.cookie() + " instead of " + cookie);
        }
        return reply.error();
    }

    /** Reads a range, which has to work. */
    byte[] read(long offset, int length) throws IOException {
        request(READ, 79, offset, length);
        int error = expectReply(79);
        if (error != 0) {
            throw new IOException("READ offset=" + offset + " length=" + length + " failed: error=" + error);
        }
        return receive(length).array();
    }

    /** Exactly this many of the next bytes. */
    ByteBuffer receive(int bytes) throws IOException {
        ByteBuffer buffer = ByteBuffer.allocate(bytes);
        fill(buffer);
        return buffer;
    }

    private void fill(ByteBuffer buffer) throws IOException {
        while (buffer.hasRemaining()) {
            if (channel.read(buffer) < 0) {
                throw new EOFException("the server closed the connection");
            }
        }
        buffer.flip();
    }

    /** Whether the server has closed the connection, sooner or later: waits for it or for a byte. */
    boolean isCutOff() throws IOException {
        try {
            return channel.read(ByteBuffer.allocate(1)) < 0;
        } catch (IOException e) {
            // A reset is a cut as well.
            return true;
        }
    }

    /** No more bytes from us; the replies still come. */
    void shutdownOutput() throws IOException {
        channel.shutdownOutput();
    }

    /** Hangs up without NBD_CMD_DISC. */
    @Override
    public void close() throws IOException {
        channel.close();
    }
}
