package org.kiobd.manage.catalog;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Objects;
import java.util.UUID;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** Writes small files atomically: after an interruption, a file has either its old or its new content. Stateless. */
public final class AtomicFiles {
    /** Name of a temporary file: the name of the target, and a random id, so that it replaces no other file. */
    private static final Pattern TEMPORARY =
            Pattern.compile("\\.[a-z]+(\\.json)?\\.[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\\.new");

    private AtomicFiles() {}

    /** Writes a temporary file, syncs it, renames it to {@code file} and syncs the folder. */
    public static void write(Path file, String text) throws IOException {
        Path folder = Objects.requireNonNull(file.getParent(), "a file has a folder");
        Path temporary = folder.resolve("." + file.getFileName() + "." + UUID.randomUUID() + ".new");
        try {
            try (FileChannel channel =
                    FileChannel.open(temporary, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
                ByteBuffer bytes = ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
                while (bytes.hasRemaining()) {
                    channel.write(bytes);
                }
                channel.force(true);
            }
            Files.move(temporary, file, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            try {
                Files.deleteIfExists(temporary);
            } catch (IOException unremoved) {
                e.addSuppressed(unremoved);
            }
            throw e;
        }
        syncFolder(folder);
    }

    /** Removes the temporary files that killed writers left in {@code folder}. The caller keeps other writers out. */
    static void sweep(Path folder) throws IOException {
        try (Stream<Path> entries = Files.list(folder)) {
            List<Path> left = entries.filter(entry -> TEMPORARY
                            .matcher(String.valueOf(entry.getFileName()))
                            .matches())
                    .filter(entry -> Files.isRegularFile(entry, LinkOption.NOFOLLOW_LINKS))
                    .toList();
            for (Path file : left) {
                Files.deleteIfExists(file);
            }
        }
    }

    /** Makes the creation, renaming and removal of files in {@code folder} durable. */
    public static void syncFolder(Path folder) throws IOException {
        try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
            channel.force(true);
        }
    }
}
