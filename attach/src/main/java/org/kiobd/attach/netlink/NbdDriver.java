package org.kiobd.attach.netlink;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The commands of the kernel's NBD driver over generic netlink (include/uapi/linux/nbd-netlink.h, drivers/block/nbd.c). They need
 * CAP_SYS_ADMIN. One thread at a time; calls block.
 */
public final class NbdDriver implements AutoCloseable {
    private static final String FAMILY = "nbd";

    private static final String EVENTS = "nbd_mc_group";

    private static final int NBD_CMD_CONNECT = 1;
    private static final int NBD_CMD_DISCONNECT = 2;
    private static final int NBD_CMD_RECONFIGURE = 3;
    private static final int NBD_CMD_LINK_DEAD = 4;

    private static final int NBD_ATTR_INDEX = 1;
    private static final int NBD_ATTR_SIZE_BYTES = 2;
    private static final int NBD_ATTR_BLOCK_SIZE_BYTES = 3;
    private static final int NBD_ATTR_TIMEOUT = 4;
    private static final int NBD_ATTR_SERVER_FLAGS = 5;
    private static final int NBD_ATTR_CLIENT_FLAGS = 6;
    private static final int NBD_ATTR_SOCKETS = 7;
    private static final int NBD_ATTR_DEAD_CONN_TIMEOUT = 8;
    private static final int NBD_ATTR_BACKEND_IDENTIFIER = 10;

    private static final int NBD_SOCK_ITEM = 1;
    private static final int NBD_SOCK_FD = 1;

    private final GenericNetlink socket;

    /**
     * What a new device is.
     *
     * @param index number N of /dev/nbdN; {@link #ANY_INDEX}: the kernel chooses
     * @param sizeBytes size of the device
     * @param blockBytes logical block size, 512 to 4096, a power of two
     * @param timeoutS seconds after which a request is taken to be lost; 0: never
     * @param deadTimeoutS seconds for which requests wait for a new connection when all are lost; then they fail
     * @param serverFlags transmission flags of the server
     * @param identifier what the device is; a new connection must name the same
     */
    public record Device(
            int index,
            long sizeBytes,
            int blockBytes,
            long timeoutS,
            long deadTimeoutS,
            int serverFlags,
            String identifier) {}

    /** Lets the kernel choose a device. */
    public static final int ANY_INDEX = -1;

    private NbdDriver(GenericNetlink socket) {
        this.socket = socket;
    }

    /** @throws NetlinkException with errno ENOENT if the driver is not there */
    public static NbdDriver open() throws NetlinkException {
        return new NbdDriver(GenericNetlink.open(FAMILY));
    }

    /** Opens a socket that only receives {@link #nextDeadLink events}. */
    public static NbdDriver listen() throws NetlinkException {
        NbdDriver driver = open();
        boolean joined = false;
        try {
            driver.socket.join(EVENTS);
            joined = true;
            return driver;
        } finally {
            if (!joined) {
                driver.close();
            }
        }
    }

    /**
     * Makes a device of connections whose handshake is over.
     *
     * @param fds their sockets; borrowed: the caller closes them, also after success
     * @return number N of /dev/nbdN
     */
    public int connect(Device device, List<Integer> fds) throws NetlinkException {
        Attributes attributes = new Attributes();
        if (device.index() != ANY_INDEX) {
            attributes.u32(NBD_ATTR_INDEX, device.index());
        }
        attributes
                .u64(NBD_ATTR_SIZE_BYTES, device.sizeBytes())
                .u64(NBD_ATTR_BLOCK_SIZE_BYTES, device.blockBytes())
                .u64(NBD_ATTR_TIMEOUT, device.timeoutS())
                .u64(NBD_ATTR_SERVER_FLAGS, device.serverFlags())
                .u64(NBD_ATTR_CLIENT_FLAGS, 0)
                .u64(NBD_ATTR_DEAD_CONN_TIMEOUT, device.deadTimeoutS())
                .text(NBD_ATTR_BACKEND_IDENTIFIER, device.identifier());
        sockets(attributes, fds);
        for (GenericNetlink.Message answer : socket.request(NBD_CMD_CONNECT, attributes)) {
            int index = answer.attributes().number(NBD_ATTR_INDEX, ANY_INDEX);
            if (index != ANY_INDEX) {
                return index;
            }
        }
        throw new NetlinkException("the driver did not say which device it took", 0);
    }

    private static void sockets(Attributes attributes, List<Integer> fds) {
        attributes.nest(
                NBD_ATTR_SOCKETS, all -> fds.forEach(fd -> all.nest(NBD_SOCK_ITEM, one -> one.u32(NBD_SOCK_FD, fd))));
    }

    /**
     * Offers connections in place of those that are lost; the driver drops what it does not need.
     *
     * @param fds their sockets; borrowed
     * @throws NetlinkException if the device is another one than {@code identifier}, or is not connected
     */
    public void reconnect(int index, String identifier, List<Integer> fds) throws NetlinkException {
        Attributes attributes =
                new Attributes().u32(NBD_ATTR_INDEX, index).text(NBD_ATTR_BACKEND_IDENTIFIER, identifier);
        sockets(attributes, fds);
        socket.request(NBD_CMD_RECONFIGURE, attributes);
    }

    /** Changes the size of a device. */
    public void resize(int index, String identifier, long sizeBytes) throws NetlinkException {
        socket.request(
                NBD_CMD_RECONFIGURE,
                new Attributes()
                        .u32(NBD_ATTR_INDEX, index)
                        .text(NBD_ATTR_BACKEND_IDENTIFIER, identifier)
                        .u64(NBD_ATTR_SIZE_BYTES, sizeBytes));
    }

    /** Ends a device; requests that wait fail. */
    public void disconnect(int index) throws NetlinkException {
        socket.request(NBD_CMD_DISCONNECT, new Attributes().u32(NBD_ATTR_INDEX, index));
    }

    /** Returns the number of the next device that has lost a connection; null if none does within {@code timeoutMs}. */
    public @Nullable Integer nextDeadLink(long timeoutMs) throws NetlinkException {
        GenericNetlink.Message event = socket.receive(timeoutMs);
        return event == null || event.command() != NBD_CMD_LINK_DEAD
                ? null
                : event.attributes().number(NBD_ATTR_INDEX, ANY_INDEX);
    }

    @Override
    public void close() {
        socket.close();
    }
}
