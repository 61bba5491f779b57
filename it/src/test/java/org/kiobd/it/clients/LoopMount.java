package org.kiobd.it.clients;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import org.kiobd.it.kit.HostCommand;

/** A file system of its own in a file, mounted while it is open. Needs root. */
final class LoopMount implements AutoCloseable {
    private static final long SIZE_BYTES = 512L << 20;

    private final Path point;

    private LoopMount(Path point) {
        this.point = point;
    }

    /**
     * Makes one.
     *
     * @param kind {@code ext4} or {@code xfs}
     * @param folder where its image and its mount point may lie
     */
    static LoopMount make(String kind, Path folder) throws IOException {
        Path image = folder.resolve(kind + ".img");
        try (RandomAccessFile file = new RandomAccessFile(image.toFile(), "rw")) {
            file.setLength(SIZE_BYTES);
        }
        HostCommand.output("mkfs." + kind, "-q", image.toString());
        Path point = Files.createDirectory(folder.resolve(kind));
        HostCommand.output("mount", "-o", "loop", image.toString(), point.toString());
        return new LoopMount(point);
    }

    Path point() {
        return point;
    }

    @Override
    public void close() {
        // The kernel is not always done with it when the last process that used it has ended.
        String patiently = "for i in $(seq 50); do umount \"$0\" && exit 0; sleep 0.2; done; fuser -vm \"$0\"; exit 1";
        HostCommand.output("sh", "-c", patiently, point.toString());
    }
}
