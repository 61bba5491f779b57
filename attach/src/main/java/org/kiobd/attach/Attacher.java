package org.kiobd.attach;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.kiobd.attach.netlink.NbdDriver;
import org.kiobd.attach.netlink.NetlinkException;
import org.kiobd.nbd.client.ExportInfo;
import org.kiobd.nbd.protocol.TransmissionFlags;

/** Attaches, detaches and reconnects devices of this kernel. Thread-safe; calls block. Borrows the files. */
public final class Attacher {
    /** errno(3). */
    private static final int EPERM = 1;

    private static final int ENOENT = 2;
    private static final int EBUSY = 16;
    private static final int EINVAL = 22;

    private static final String MODULE = "nbd";

    private static final int DIAL_MS = 5_000;
    private static final int FIRST_READ_MS = 30_000;
    private static final long AGAIN_NANOS = TimeUnit.MILLISECONDS.toNanos(200);
    private static final int BLOCK_BYTES = 512;
    private static final int MOST_BLOCK_BYTES = 4096;

    private final AttachmentFiles files;

    public Attacher(AttachmentFiles files) {
        this.files = files;
    }

    /**
     * The outcome of {@link #attach}.
     *
     * @param wasThere whether the volume was attached before
     */
    public record Attached(Attachment attachment, long sizeBytes, boolean wasThere) {}

    /** A device takes no connection any more. */
    static final class EndedException extends AttachException {
        private static final long serialVersionUID = 1L;

        EndedException(String message, Throwable cause) {
            super(message, cause);
        }
    }

    /** Is told of a device as soon as it may need its server back. */
    @FunctionalInterface
    public interface Beginning {
        void begun() throws IOException;
    }

    /**
     * Attaches a volume, unless it is attached. The first block of a new device was read when this returns. One call at a time works on this
     * machine; others wait.
     *
     * @throws AttachException if nothing was attached, or if the volume is attached in another way
     */
    public Attached attach(Attachment.Wish wish, Beginning beginning) throws IOException {
        try (NbdDriver driver = driver();
                ServerLink link = dial(wish);
                FileChannel lock = openLock()) {
            // Not before: others do not wait while this call waits for its server.
            lock.lock();
            return attachAlone(wish, driver, link, beginning);
        } catch (AttachException e) {
            throw e;
        } catch (IOException e) {
            throw new AttachException(e.getMessage() + "; nothing was attached", e);
        }
    }

    private FileChannel openLock() throws IOException {
        Path file = files.folder().resolveSibling("attach.lock");
        Files.createDirectories(files.folder().resolveSibling(""));
        return FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    }

    private Attached attachAlone(Attachment.Wish wish, NbdDriver driver, ServerLink link, Beginning beginning)
            throws IOException {
        ExportInfo export = link.export();
        Identity identity = Identity.of(export);
        Attachment present = find(identity, wish);
        if (present != null) {
            return again(wish, present);
        }
        KernelDevice device = new KernelDevice(connect(driver, wish, link, identity));
        Attachment attachment = new Attachment(
                device,
                export.name(),
                identity,
                wish.uris(),
                wish.connections(),
                wish.timeoutS(),
                wish.deadTimeoutS(),
                wish.readOnly() || export.isReadOnly());
        finish(driver, attachment, beginning);
        return new Attached(attachment, export.sizeBytes(), false);
    }

    private void finish(NbdDriver driver, Attachment attachment, Beginning beginning) throws IOException {
        boolean isDone = false;
        try {
            // Before the first read: if the server goes away now, the supervisor must bring it back.
            files.save(attachment);
            beginning.begun();
            attachment.device().tune(attachment.connections() == 1);
            new DeviceProbe(attachment.device()).requireAnswer(FIRST_READ_MS);
            isDone = true;
        } finally {
            if (!isDone) {
                try {
                    files.remove(attachment.device());
                } finally {
                    driver.disconnect(attachment.device().index());
                }
            }
        }
    }

    /** Leaves a device as it is; if the wish names other addresses, they are used from now on. */
    private Attached again(Attachment.Wish wish, Attachment present) throws IOException {
        KernelDevice device = present.device();
        if (wish.index() != NbdDriver.ANY_INDEX && wish.index() != device.index()) {
            throw new AttachException(
                    present.identity() + " is attached already, as " + device + "; nothing was changed", null);
        }
        if (wish.readOnly() && !present.readOnly()) {
            throw new AttachException(
                    present.identity() + " is attached already, as " + device
                            + ", and may be written to; nothing was changed: kiobd detach " + device + " first",
                    null);
        }
        Attachment now = present.at(wish.uris());
        if (!now.equals(present)) {
            files.save(now);
        }
        return new Attached(now, device.sizeBytes(), true);
    }

    private static NbdDriver driver() throws AttachException {
        try {
            return open();
        } catch (NetlinkException e) {
            throw new AttachException(
                    e.errno() == ENOENT
                            ? "the kernel has no NBD driver, and modprobe nbd did not load it; nothing was changed"
                            : "the kernel's NBD driver cannot be asked: " + e.getMessage(),
                    e);
        }
    }

    private static NbdDriver open() throws NetlinkException {
        try {
            return NbdDriver.open();
        } catch (NetlinkException e) {
            if (e.errno() == ENOENT && KernelModule.load(MODULE)) {
                return NbdDriver.open();
            }
            throw e;
        }
    }

    private static ServerLink dial(Attachment.Wish wish) throws AttachException {
        long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(wish.waitMs());
        while (true) {
            try {
                return ServerLink.dial(wish.uris(), wish.connections(), DIAL_MS);
            } catch (IOException e) {
                if (System.nanoTime() - deadline >= 0) {
                    throw new AttachException(e.getMessage() + "; nothing was attached", e);
                }
                LockSupport.parkNanos(AGAIN_NANOS);
            }
        }
    }

    /** Returns the attachment that has this identity; null if there is none. Exports that are known by name only may be of several servers. */
    private @Nullable Attachment find(Identity identity, Attachment.Wish wish) throws IOException {
        for (KernelDevice device : KernelDevice.all()) {
            if (device.isConnected() && identity.text().equals(device.backend())) {
                Attachment known = files.of(device);
                if (known == null) {
                    throw new AttachException(
                            identity + " is attached as " + device
                                    + ", by another program or by a kiobd that was killed meanwhile; nothing was changed: kiobd detach "
                                    + device,
                            null);
                }
                if (identity.isUnique() || !Collections.disjoint(known.uris(), wish.uris())) {
                    return known;
                }
            }
        }
        return null;
    }

    private static int connect(NbdDriver driver, Attachment.Wish wish, ServerLink link, Identity identity)
            throws AttachException {
        ExportInfo export = link.export();
        int flags = export.transmissionFlags() | (wish.readOnly() ? TransmissionFlags.NBD_FLAG_READ_ONLY : 0);
        int blockBytes =
                Math.max(BLOCK_BYTES, Math.min(MOST_BLOCK_BYTES, export.blocks().minimumBytes()));
        NbdDriver.Device device = new NbdDriver.Device(
                wish.index(),
                export.sizeBytes(),
                blockBytes,
                wish.timeoutS(),
                wish.deadTimeoutS(),
                flags,
                identity.text());
        try {
            return driver.connect(device, link.descriptors());
        } catch (NetlinkException e) {
            throw new AttachException(why(e, wish) + "; nothing was attached", e);
        }
    }

    private static String why(NetlinkException e, Attachment.Wish wish) {
        String device = wish.index() == NbdDriver.ANY_INDEX ? "a device" : new KernelDevice(wish.index()).toString();
        return switch (e.errno()) {
            case EPERM -> "only root may attach (CAP_SYS_ADMIN in the first user namespace)";
            case EBUSY -> device + " is in use; name another one, or none";
            case EINVAL ->
                "the kernel refused " + device + ": " + e.getMessage() + "; it may be too old (6.1 or newer is needed)";
            default -> "the kernel refused " + device + ": " + e.getMessage();
        };
    }

    /**
     * Gives a device new connections in place of those that it has lost.
     *
     * @return the size that the server tells
     * @throws EndedException if the device is no longer connected, so that nothing brings it back
     * @throws IOException if there is no server, or if it serves something else
     */
    long reconnect(Attachment attachment, int dialMs) throws IOException {
        try (NbdDriver driver = driver();
                ServerLink link = ServerLink.dial(attachment.uris(), attachment.connections(), dialMs)) {
            Identity found = Identity.of(link.export());
            if (!found.equals(attachment.identity())) {
                throw new AttachException(
                        link.uri() + " serves " + found + ", and " + attachment.device() + " is "
                                + attachment.identity() + "; the device goes on waiting",
                        null);
            }
            if (link.export().isReadOnly() && !attachment.readOnly()) {
                throw new AttachException(
                        link.uri() + " is read-only now, and " + attachment.device()
                                + " was not; the device goes on waiting",
                        null);
            }
            if (link.export().sizeBytes() < attachment.device().sizeBytes()) {
                throw new AttachException(
                        link.uri() + " is smaller than " + attachment.device() + ": sizeBytes="
                                + link.export().sizeBytes() + "; the device goes on waiting",
                        null);
            }
            driver.reconnect(attachment.device().index(), attachment.identity().text(), link.descriptors());
            return link.export().sizeBytes();
        } catch (NetlinkException e) {
            if (e.errno() != EINVAL) {
                throw e;
            }
            throw new EndedException(
                    attachment.device()
                            + " was disconnected by another program, and gets no server any more: end its use,"
                            + " then kiobd detach " + attachment.device(),
                    e);
        }
    }

    /**
     * Gives a device a connection now. Harmless if it has one.
     *
     * @throws AttachException if it is not attached, or if its server cannot be reached
     */
    public Attachment reattach(KernelDevice device) throws IOException {
        Attachment known = files.of(device);
        if (known == null) {
            throw new AttachException(device + " is not attached; nothing was changed: kiobd attach --list", null);
        }
        try {
            grow(known, reconnect(known, DIAL_MS));
        } catch (AttachException e) {
            throw e;
        } catch (IOException e) {
            throw new AttachException(e.getMessage() + "; " + device + " goes on waiting", e);
        }
        return known;
    }

    /** Makes a device as large as its server says, if it has grown; returns whether it has. */
    boolean grow(Attachment attachment, long sizeBytes) throws IOException {
        long now = attachment.device().sizeBytes();
        // 0: it was disconnected.
        if (now == 0 || sizeBytes <= now) {
            return false;
        }
        try (NbdDriver driver = driver()) {
            driver.resize(attachment.device().index(), attachment.identity().text(), sizeBytes);
        }
        attachment.device().changed();
        return true;
    }

    /**
     * Ends an attachment.
     *
     * @param force also if the device is mounted or otherwise used; what was not written is lost then
     */
    public void detach(KernelDevice device, boolean force) throws IOException {
        Attachment known = files.of(device);
        if (known == null && !device.isConnected()) {
            throw new AttachException(device + " is not attached; nothing was changed", null);
        }
        requireOurs(device, known);
        if (!force && device.isConnected()) {
            String user = DeviceUse.of(device);
            if (user != null) {
                throw new AttachException(
                        device + " is in use: " + user + "; nothing was detached: end that first, or use --force, which"
                                + " loses what was not written yet",
                        null);
            }
        }
        try (NbdDriver driver = driver()) {
            disconnect(driver, device, known);
        }
    }

    private void requireOurs(KernelDevice device, @Nullable Attachment known) throws IOException {
        if (!device.isConnected() || (known != null && isOurs(known))) {
            return;
        }
        if (known != null) {
            files.remove(device);
            throw new AttachException(
                    device + " is another program's now, and was left alone; " + known.identity() + " was forgotten",
                    null);
        }
        String backend = device.backend();
        if (backend == null || !Identity.isOne(backend)) {
            throw new AttachException(
                    device + " was attached by another program, and was left alone: nbd-client -d " + device, null);
        }
    }

    private void disconnect(NbdDriver driver, KernelDevice device, @Nullable Attachment known) throws IOException {
        // First, so that the supervisor does not bring it back.
        files.remove(device);
        try {
            driver.disconnect(device.index());
        } catch (NetlinkException e) {
            if (device.isConnected()) {
                if (known != null) {
                    files.save(known);
                }
                throw new AttachException(device + " cannot be detached: " + e.getMessage(), e);
            }
        }
    }

    /** An attachment, and whether it is connected. */
    public record Listed(Attachment attachment, long sizeBytes, boolean isConnected) {}

    /** Returns all attachments. */
    public List<Listed> list() throws IOException {
        List<Listed> all = new ArrayList<>();
        for (Attachment attachment : files.all()) {
            all.add(new Listed(attachment, attachment.device().sizeBytes(), isOurs(attachment)));
        }
        return all;
    }

    /** Returns whether the device of an attachment is connected, and still is what it was attached as. */
    static boolean isOurs(Attachment attachment) {
        KernelDevice device = attachment.device();
        return device.isConnected()
                && Objects.equals(device.backend(), attachment.identity().text());
    }
}
