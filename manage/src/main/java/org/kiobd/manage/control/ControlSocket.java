package org.kiobd.manage.control;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.jspecify.annotations.Nullable;
import org.kiobd.volume.loop.UnixSocketFile;

/** The bound socket of a {@link ControlServer}, and its file, which closing removes. Confined to one thread at a time. */
final class ControlSocket implements AutoCloseable {
    /** A Unix socket's path has room for 108 bytes, including the terminating NUL: see unix(7). The limit leaves a margin. */
    private static final int MAX_PATH_BYTES = 100;

    private final UnixSocketFile file;
    private final @Nullable PrivateFolder shortFolder;
    private final ServerSocketChannel channel;

    private ControlSocket(UnixSocketFile file, @Nullable PrivateFolder shortFolder, ServerSocketChannel channel) {
        this.file = file;
        this.shortFolder = shortFolder;
        this.channel = channel;
    }

    /** Binds the socket at {@code wanted}; if that path is too long or its folder not writable, in a temporary folder. */
    static ControlSocket bind(Path wanted) throws IOException {
        Path folder = wanted.resolveSibling("");
        if (wanted.toString().getBytes(StandardCharsets.UTF_8).length <= MAX_PATH_BYTES && Files.isWritable(folder)) {
            return bind(wanted, null);
        }
        PrivateFolder shortFolder = PrivateFolder.make();
        try {
            return bind(shortFolder.path().resolve("control.sock"), shortFolder);
        } catch (IOException e) {
            shortFolder.remove();
            throw e;
        }
    }

    private static ControlSocket bind(Path path, @Nullable PrivateFolder shortFolder) throws IOException {
        UnixSocketFile file = new UnixSocketFile(path);
        file.clear();
        ServerSocketChannel channel = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        ControlSocket socket = new ControlSocket(file, shortFolder, channel);
        try {
            channel.bind(UnixDomainSocketAddress.of(path));
            file.bound();
            Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rw-------"));
            channel.configureBlocking(false);
            return socket;
        } catch (IOException e) {
            channel.close();
            file.remove();
            throw e;
        }
    }

    Path path() {
        return file.path();
    }

    ServerSocketChannel channel() {
        return channel;
    }

    @Override
    public void close() throws IOException {
        channel.close();
        file.remove();
        if (shortFolder != null) {
            shortFolder.remove();
        }
    }
}
