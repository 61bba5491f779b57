package org.kiobd.it.bench;

import java.io.EOFException;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import org.kiobd.nbd.protocol.HandshakeFlags;
import org.kiobd.nbd.protocol.NbdCommand;
import org.kiobd.nbd.protocol.NbdInfo;
import org.kiobd.nbd.protocol.NbdMagic;
import org.kiobd.nbd.protocol.NbdOption;
import org.kiobd.nbd.protocol.NbdRep;
import org.kiobd.nbd.protocol.NbdReplyType;
import org.kiobd.nbd.protocol.TransmissionFlags;

/**
 * An NBD server that stores nothing, and answers all requests of one receive with one send: {@code NullServer SOCKET SIZE_BYTES}. The
 * throughput of a client with this server is the client's own limit. It has one thread per connection, and trusts its clients.
 */
public final class NullServer {
    private static final int BUFFER_BYTES = 8 << 20;

    private final SocketChannel socket;
    private final long sizeBytes;
    private final ByteBuffer in = ByteBuffer.allocateDirect(BUFFER_BYTES).limit(0);
    private final ByteBuffer out = ByteBuffer.allocateDirect(BUFFER_BYTES);
    private boolean structured;

    private NullServer(SocketChannel socket, long sizeBytes) {
        this.socket = socket;
        this.sizeBytes = sizeBytes;
    }

    public static void main(String[] args) throws IOException {
        Path path = Path.of(args[0]);
        long sizeBytes = Long.parseLong(args[1]);
        Files.deleteIfExists(path);
        try (ServerSocketChannel listener = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            listener.bind(UnixDomainSocketAddress.of(path));
            System.out.println("ready: nbd+unix:///?socket=" + path);
            while (true) {
                SocketChannel socket = listener.accept();
                Thread thread = new Thread(() -> new NullServer(socket, sizeBytes).serve(), "connection");
                thread.setDaemon(true);
                thread.start();
            }
        }
    }

    private void serve() {
        try (socket) {
            handshake();
            while (request()) {
                if (!in.hasRemaining() || out.remaining() < BUFFER_BYTES / 2) {
                    send();
                }
            }
            send();
        } catch (EOFException e) {
            // The client closed the connection.
        } catch (IOException e) {
            System.err.println("connection: " + e.getMessage());
        }
    }

    /** Makes {@code bytes} bytes readable; sends the replies so far before it waits. */
    private void need(int bytes) throws IOException {
        if (in.remaining() >= bytes) {
            return;
        }
        send();
        in.compact();
        while (in.position() < bytes) {
            if (socket.read(in) < 0) {
                throw new EOFException();
            }
        }
        in.flip();
    }

    private void send() throws IOException {
        out.flip();
        while (out.hasRemaining()) {
            socket.write(out);
        }
        out.clear();
    }

    private void handshake() throws IOException {
        out.putLong(NbdMagic.NBDMAGIC).putLong(NbdMagic.IHAVEOPT).putShort((short)
                (HandshakeFlags.NBD_FLAG_FIXED_NEWSTYLE | HandshakeFlags.NBD_FLAG_NO_ZEROES));
        need(Integer.BYTES);
        in.getInt();
        boolean transmitting = false;
        while (!transmitting) {
            need(Long.BYTES + 2 * Integer.BYTES);
            in.getLong();
            int code = in.getInt();
            int bytes = in.getInt();
            need(bytes);
            in.position(in.position() + bytes);
            NbdOption option = NbdOption.fromWire(code);
            if (option == NbdOption.STRUCTURED_REPLY) {
                structured = true;
                reply(code, NbdRep.ACK.wire(), 0);
            } else if (option == NbdOption.GO) {
                reply(code, NbdRep.INFO.wire(), Short.BYTES + Long.BYTES + Short.BYTES);
                out.putShort((short) NbdInfo.EXPORT.wire()).putLong(sizeBytes).putShort((short)
                        (TransmissionFlags.NBD_FLAG_HAS_FLAGS
                                | TransmissionFlags.NBD_FLAG_SEND_FLUSH
                                | TransmissionFlags.NBD_FLAG_SEND_FUA
                                | TransmissionFlags.NBD_FLAG_CAN_MULTI_CONN));
                reply(code, NbdRep.ACK.wire(), 0);
                transmitting = true;
            } else {
                reply(code, NbdRep.ERR_UNSUP.wire(), 0);
            }
        }
    }

    private void reply(int option, int type, int bytes) {
        out.putLong(NbdMagic.OPTION_REPLY).putInt(option).putInt(type).putInt(bytes);
    }

    /** Answers one request; returns false for NBD_CMD_DISC. */
    private boolean request() throws IOException {
        need(NbdMagic.REQUEST_BYTES);
        in.getInt();
        in.getShort();
        NbdCommand command = NbdCommand.fromWire(in.getShort());
        long cookie = in.getLong();
        long offset = in.getLong();
        int bytes = in.getInt();
        if (command == NbdCommand.DISC) {
            return false;
        }
        if (command == NbdCommand.WRITE) {
            need(bytes);
            in.position(in.position() + bytes);
        }
        boolean read = command == NbdCommand.READ;
        if (read && structured) {
            out.putInt(NbdMagic.NBD_STRUCTURED_REPLY_MAGIC)
                    .putShort((short) NbdMagic.NBD_REPLY_FLAG_DONE)
                    .putShort((short) NbdReplyType.OFFSET_DATA.wire())
                    .putLong(cookie)
                    .putInt(Long.BYTES + bytes)
                    .putLong(offset);
        } else {
            out.putInt(NbdMagic.NBD_SIMPLE_REPLY_MAGIC).putInt(0).putLong(cookie);
        }
        if (read) {
            // The payload is whatever the buffer contains.
            out.position(out.position() + bytes);
        }
        return true;
    }
}
