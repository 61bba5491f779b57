package org.kiobd.volume.catalog;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * The right to serve or change a volume, exclusive among processes and within this one; the kernel takes it back when the process ends,
 * however it ends. Made by {@link VolumeCatalog#lock}; closed by who asked for it. Any thread.
 */
public final class VolumeLock implements AutoCloseable {
    private final FileChannel channel;
    private final Path serverFile;

    VolumeLock(FileChannel channel, Path serverFile) {
        this.channel = channel;
        this.serverFile = serverFile;
    }

    /** Tells others who serves the volume and where to ask it something; forgotten when the lock is closed. */
    public void announce(ServerState state) throws IOException {
        AtomicFiles.write(serverFile, state.encode());
    }

    @Override
    public void close() {
        try {
            Files.deleteIfExists(serverFile);
            channel.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
