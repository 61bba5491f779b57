package org.kiobd.nbd;

import java.io.IOException;
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

/** The file a unix socket is bound to: cleared of what a dead server left, removed when ours ends. Confined to one thread at a time. */
final class UnixSocketFile {
    private static final Logger LOG = LoggerFactory.getLogger(UnixSocketFile.class);

    private final Path path;
    private @Nullable Object bound;

    UnixSocketFile(Path path) {
        this.path = path.toAbsolutePath();
    }

    Path path() {
        return path;
    }

    /**
     * Makes way for a new socket: removes one that nobody listens on.
     *
     * @throws BlockIoException if somebody listens on it, or if it is not a socket; nothing is touched then
     */
    void clear() throws BlockIoException {
        if (!Files.exists(path, LinkOption.NOFOLLOW_LINKS)) {
            return;
        }
        try {
            if (!Files.readAttributes(path, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS)
                    .isOther()) {
                throw new BlockIoException(
                        IoError.INVALID,
                        "cannot listen on unix=" + path + ": a file that is not a socket stands there, left untouched;"
                                + " give another path");
            }
            if (somebodyListens()) {
                throw new BlockIoException(
                        IoError.INVALID,
                        "cannot listen on unix=" + path + ": a server listens there already, left untouched;"
                                + " stop it or give another path");
            }
            Files.deleteIfExists(path);
        } catch (BlockIoException e) {
            throw e;
        } catch (IOException e) {
            throw new BlockIoException(
                    IoError.IO, "cannot listen on unix=" + path + ": " + e + "; give another path", e);
        }
    }

    private boolean somebodyListens() {
        try (SocketChannel probe = SocketChannel.open(StandardProtocolFamily.UNIX)) {
            return probe.connect(UnixDomainSocketAddress.of(path));
        } catch (IOException e) {
            return false;
        }
    }

    /** The socket was bound: from now on the file is ours. */
    void bound() {
        bound = fileKey();
    }

    /** Removes the file, unless another one has taken its place. */
    void remove() {
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
