package org.kiobd.volume.loop;

import java.io.IOException;
import java.net.ConnectException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import org.jspecify.annotations.Nullable;
import org.kiobd.volume.BlockIoException;
import org.kiobd.volume.IoError;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The file that a unix socket is bound to: removes the socket file of a dead server before binding, and our own at the end. Confined to one
 * thread at a time.
 */
public final class UnixSocketFile {
    /** unix(7): sun_path has 108 bytes, of which the last one is 0. */
    public static final int MAX_PATH_BYTES = 107;

    /** Mask of the file type in st_mode: inode(7). */
    private static final int S_IFMT = 0170000;

    private static final int S_IFSOCK = 0140000;

    private static final Logger LOG = LoggerFactory.getLogger(UnixSocketFile.class);

    private final Path path;
    private @Nullable Object bound;

    /** Does not access the file. */
    public UnixSocketFile(Path path) {
        this.path = path.toAbsolutePath();
    }

    /** Returns the absolute path of the file. */
    public Path path() {
        return path;
    }

    /**
     * Removes the file if it is a socket that nobody listens on, to make way for a new socket.
     *
     * @throws BlockIoException if a server listens on the socket or the file is not a socket (the file is not touched then), or on an
     *     I/O error
     */
    public void clear() throws BlockIoException {
        try {
            check();
            Files.deleteIfExists(path);
        } catch (BlockIoException e) {
            throw e;
        } catch (IOException e) {
            throw new BlockIoException(
                    IoError.IO, "cannot listen on unix=" + path + ": " + e + "; give another path", e);
        }
    }

    /**
     * Checks whether a new socket could be bound, and changes nothing.
     *
     * @throws BlockIoException if a server listens on the socket, if the file is not a socket, or on an I/O error
     */
    public void check() throws BlockIoException {
        if (!Files.exists(path, LinkOption.NOFOLLOW_LINKS)) {
            return;
        }
        try {
            if (!isSocket()) {
                throw new BlockIoException(
                        IoError.INVALID,
                        "cannot listen on unix=" + path + ": a file that is not a socket is there and was not touched;"
                                + " give another path");
            }
            if (somebodyListens()) {
                throw new BlockIoException(
                        IoError.INVALID,
                        "cannot listen on unix=" + path + ": another server listens there; it was not touched;"
                                + " stop it or give another path");
            }
        } catch (BlockIoException e) {
            throw e;
        } catch (IOException e) {
            throw new BlockIoException(
                    IoError.IO, "cannot listen on unix=" + path + ": " + e + "; give another path", e);
        }
    }

    private boolean isSocket() throws IOException {
        Object mode = Files.getAttribute(path, "unix:mode", LinkOption.NOFOLLOW_LINKS);
        return mode instanceof Integer bits && (bits & S_IFMT) == S_IFSOCK;
    }

    /** Returns false only if the connection is refused: a server may also listen with a full backlog, or deny us access. */
    private boolean somebodyListens() throws IOException {
        try (SocketChannel probe = SocketChannel.open(StandardProtocolFamily.UNIX)) {
            probe.configureBlocking(false);
            probe.connect(UnixDomainSocketAddress.of(path));
            return true;
        } catch (ConnectException e) {
            return false;
        }
    }

    /** Records that our socket was bound to the file: from now on the file is ours. */
    public void bound() {
        bound = fileKey();
    }

    /** Removes our file, unless another file has replaced it. */
    public void remove() {
        Object ours = bound;
        bound = null;
        if (ours == null || !ours.equals(fileKey())) {
            return;
        }
        try {
            Files.deleteIfExists(path);
        } catch (IOException e) {
            LOG.warn("unix={} could not be removed: {}", path, e.toString());
        }
    }

    private @Nullable Object fileKey() {
        try {
            return Files.readAttributes(path, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS)
                    .fileKey();
        } catch (IOException e) {
            return null;
        }
    }
}
