package org.kiobd.attach;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Held by the one supervisor of a host as long as it runs. The kernel releases it when the process ends, however it ends. */
public final class SupervisorLock implements AutoCloseable {
    /** The file that is locked, beside the folder of the attachments. */
    public static final Path DEFAULT = Path.of("/run/kiobd/attachd.lock");

    private final FileChannel channel;

    private SupervisorLock(FileChannel channel) {
        this.channel = channel;
    }

    /** Takes the lock; returns null if another process has it. */
    public static @Nullable SupervisorLock take(Path file) throws IOException {
        Files.createDirectories(Objects.requireNonNull(file.getParent(), "a lock file has a folder"));
        FileChannel channel = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        FileLock lock = null;
        try {
            lock = channel.tryLock();
            return lock == null ? null : new SupervisorLock(channel);
        } catch (OverlappingFileLockException e) {
            // Another part of this process has it, as only a test does: closing the channel lets go of it.
            return null;
        } finally {
            if (lock == null) {
                channel.close();
            }
        }
    }

    /** Writes the number of this process into the file, for {@link #holder}. */
    public void nameHolder() throws IOException {
        ByteBuffer text =
                StandardCharsets.US_ASCII.encode(ProcessHandle.current().pid() + "\n");
        channel.truncate(channel.write(text, 0));
    }

    /** Returns the number of the process that has the lock; null if none has it. */
    public static @Nullable Long holder(Path file) throws IOException {
        if (!Files.exists(file)) {
            return null;
        }
        try (SupervisorLock lock = take(file)) {
            String text = lock == null ? Files.readString(file).strip() : "";
            return text.matches("[0-9]{1,10}") ? Long.valueOf(text) : null;
        }
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
