package org.kiobd.attach.netlink;

import com.sun.jna.LastErrorException;
import com.sun.jna.Memory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.kiobd.attach.libc.Libc;

/**
 * A socket of one family of generic netlink (Documentation/userspace-api/netlink/intro.rst). One thread at a time; calls block.
 */
final class GenericNetlink implements AutoCloseable {
    private static final int AF_NETLINK = 16;
    private static final int SOCK_RAW = 3;
    private static final int NETLINK_GENERIC = 16;
    private static final int SOL_NETLINK = 270;
    private static final int NETLINK_ADD_MEMBERSHIP = 1;
    private static final int NETLINK_EXT_ACK = 11;
    private static final int ADDRESS_BYTES = 12;

    private static final int MESSAGE_HEADER_BYTES = 16;
    private static final int GENERIC_HEADER_BYTES = 4;
    private static final int NLMSG_ERROR = 2;
    private static final int NLMSG_DONE = 3;
    private static final int NLM_F_REQUEST = 1;
    private static final int NLM_F_ACK = 4;
    private static final int NLM_F_CAPPED = 0x100;
    private static final int NLM_F_ACK_TLVS = 0x200;
    private static final int NLMSGERR_ATTR_MSG = 1;

    private static final int CONTROLLER = 16;
    private static final int CTRL_CMD_GETFAMILY = 3;
    private static final int CTRL_ATTR_FAMILY_ID = 1;
    private static final int CTRL_ATTR_FAMILY_NAME = 2;
    private static final int CTRL_ATTR_MCAST_GROUPS = 7;
    private static final int CTRL_ATTR_MCAST_GRP_NAME = 1;
    private static final int CTRL_ATTR_MCAST_GRP_ID = 2;

    private static final int ENOENT = 2;
    private static final int BUFFER_BYTES = 32 << 10;
    private static final long ANSWER_MS = 30_000;

    private final int fd;
    private final Memory buffer = new Memory(BUFFER_BYTES);
    private int family;
    private Attributes.Received about = new Attributes.Received(ByteBuffer.allocate(0));
    private int sequence;

    /**
     * An answer, or an event.
     *
     * @param command number of the command or event
     */
    record Message(int command, Attributes.Received attributes) {}

    private GenericNetlink(int fd) {
        this.fd = fd;
    }

    /**
     * Opens a socket of a family.
     *
     * @throws NetlinkException with errno ENOENT if the kernel has no such family
     */
    static GenericNetlink open(String name) throws NetlinkException {
        GenericNetlink opened;
        try {
            opened = new GenericNetlink(Libc.socket(AF_NETLINK, SOCK_RAW | Libc.SOCK_CLOEXEC, NETLINK_GENERIC));
        } catch (LastErrorException e) {
            throw new NetlinkException("no netlink socket: " + e.getMessage(), e.getErrorCode(), e);
        }
        boolean isOpen = false;
        try {
            opened.bindAndFind(name);
            isOpen = true;
            return opened;
        } catch (LastErrorException e) {
            throw new NetlinkException("no netlink socket: " + e.getMessage(), e.getErrorCode(), e);
        } finally {
            if (!isOpen) {
                opened.close();
            }
        }
    }

    private void bindAndFind(String name) throws NetlinkException {
        try (Memory address = new Memory(ADDRESS_BYTES)) {
            address.clear();
            address.setShort(0, (short) AF_NETLINK);
            Libc.bind(fd, address, ADDRESS_BYTES);
        }
        // Texts with errors; kernels without them do not mind.
        Libc.option(fd, SOL_NETLINK, NETLINK_EXT_ACK, 1);
        List<Message> answers =
                request(CONTROLLER, CTRL_CMD_GETFAMILY, 1, new Attributes().text(CTRL_ATTR_FAMILY_NAME, name));
        if (answers.isEmpty()) {
            throw new NetlinkException("the kernel did not describe family=" + name, ENOENT);
        }
        about = answers.get(0).attributes();
        family = about.number(CTRL_ATTR_FAMILY_ID, 0);
    }

    /** Lets {@link #receive} return the events of a multicast group. */
    void join(String group) throws NetlinkException {
        for (Attributes.Received one : about.nested(CTRL_ATTR_MCAST_GROUPS).items()) {
            if (group.equals(one.text(CTRL_ATTR_MCAST_GRP_NAME))) {
                int id = one.number(CTRL_ATTR_MCAST_GRP_ID, 0);
                try {
                    Libc.option(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, id);
                } catch (LastErrorException e) {
                    throw new NetlinkException("no events of group=" + group, e.getErrorCode(), e);
                }
                return;
            }
        }
        throw new NetlinkException("the kernel has no group=" + group, ENOENT);
    }

    /**
     * Sends a command of the family and waits until the kernel has executed it.
     *
     * @return the answers before the acknowledgement
     * @throws NetlinkException with the errno of the kernel if it refused
     */
    List<Message> request(int command, Attributes attributes) throws NetlinkException {
        return request(family, command, 1, attributes);
    }

    private List<Message> request(int type, int command, int version, Attributes attributes) throws NetlinkException {
        ByteBuffer body = attributes.bytes();
        int bytes = MESSAGE_HEADER_BYTES + GENERIC_HEADER_BYTES + body.remaining();
        sequence++;
        ByteBuffer out = view(bytes);
        out.putInt(bytes).putShort((short) type).putShort((short) (NLM_F_REQUEST | NLM_F_ACK));
        out.putInt(sequence).putInt(0);
        out.put((byte) command).put((byte) version).putShort((short) 0);
        out.put(body);
        try {
            Libc.send(fd, buffer, bytes, 0);
        } catch (LastErrorException e) {
            throw new NetlinkException("cannot send to the kernel: " + e.getMessage(), e.getErrorCode(), e);
        }
        List<Message> answers = new ArrayList<>();
        while (true) {
            ByteBuffer in = receiveBytes(ANSWER_MS);
            if (in == null) {
                throw new NetlinkException("the kernel did not answer within " + ANSWER_MS + " ms", 0);
            }
            if (decode(in, sequence, answers)) {
                return answers;
            }
        }
    }

    /** Returns the next event, or null if there was none for {@code timeoutMs}. */
    @Nullable
    Message receive(long timeoutMs) throws NetlinkException {
        ByteBuffer in = receiveBytes(timeoutMs);
        if (in == null) {
            return null;
        }
        List<Message> messages = new ArrayList<>();
        decode(in, 0, messages);
        return messages.isEmpty() ? null : messages.get(0);
    }

    private ByteBuffer view(long bytes) {
        return buffer.getByteBuffer(0, bytes).order(ByteOrder.nativeOrder());
    }

    private @Nullable ByteBuffer receiveBytes(long timeoutMs) throws NetlinkException {
        long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(timeoutMs);
        while (true) {
            long leftMs = TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime());
            try {
                Libc.limit(fd, Libc.SO_RCVTIMEO, Math.max(1, leftMs));
                // A copy: messages outlive the next call.
                byte[] received = buffer.getByteArray(0, (int) Libc.recv(fd, buffer, BUFFER_BYTES, 0));
                return ByteBuffer.wrap(received).order(ByteOrder.nativeOrder());
            } catch (LastErrorException e) {
                if (e.getErrorCode() == Libc.EAGAIN) {
                    return null;
                }
                // A signal ends a receive that has a time limit: signal(7).
                if (e.getErrorCode() != Libc.EINTR) {
                    throw new NetlinkException(
                            "cannot receive from the kernel: " + e.getMessage(), e.getErrorCode(), e);
                }
            }
        }
    }

    /**
     * Adds the messages in {@code in} to {@code messages}.
     *
     * @return whether the answer to {@code expected} is complete
     */
    private static boolean decode(ByteBuffer in, int expected, List<Message> messages) throws NetlinkException {
        boolean isComplete = false;
        while (in.remaining() >= MESSAGE_HEADER_BYTES) {
            int start = in.position();
            int bytes = in.getInt();
            int type = in.getShort() & 0xFFFF;
            int flags = in.getShort() & 0xFFFF;
            int answered = in.getInt();
            in.getInt();
            if (bytes < MESSAGE_HEADER_BYTES || bytes > in.limit() - start) {
                break;
            }
            ByteBuffer body =
                    in.slice(in.position(), bytes - MESSAGE_HEADER_BYTES).order(ByteOrder.nativeOrder());
            if (type == NLMSG_ERROR && answered == expected) {
                requireOk(body, flags);
                isComplete = true;
            } else if (type == NLMSG_DONE) {
                isComplete |= answered == expected;
            } else if (type != NLMSG_ERROR && body.remaining() >= GENERIC_HEADER_BYTES) {
                int command = body.get() & 0xFF;
                body.position(GENERIC_HEADER_BYTES);
                messages.add(new Message(command, new Attributes.Received(body)));
            }
            int next = start + (bytes + Integer.BYTES - 1) / Integer.BYTES * Integer.BYTES;
            in.position(Math.min(next, in.limit()));
        }
        return isComplete;
    }

    /** Throws if an acknowledgement is an error. */
    private static void requireOk(ByteBuffer body, int flags) throws NetlinkException {
        int errno = -body.getInt();
        if (errno == 0) {
            return;
        }
        String text = null;
        if ((flags & NLM_F_ACK_TLVS) != 0 && body.remaining() >= MESSAGE_HEADER_BYTES) {
            int sentBytes = (flags & NLM_F_CAPPED) != 0 ? MESSAGE_HEADER_BYTES : body.getInt(body.position());
            int at = body.position() + (sentBytes + Integer.BYTES - 1) / Integer.BYTES * Integer.BYTES;
            if (at <= body.limit()) {
                text = new Attributes.Received(body.position(at)).text(NLMSGERR_ATTR_MSG);
            }
        }
        throw new NetlinkException(
                text == null ? Libc.strerror(errno) : Libc.strerror(errno) + " (" + text + ")", errno);
    }

    @Override
    public void close() {
        Libc.close(fd);
        buffer.close();
    }
}
