package org.kiobd.manage.catalog;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;

/** Reads small text files of the catalog, and refuses anything else at their paths. Stateless. */
final class SmallFiles {
    /** Larger than a manifest with the maximum number of members and the longest paths. */
    private static final int MOST_BYTES = 16 << 20;

    private SmallFiles() {}

    /**
     * Reads a file.
     *
     * @throws IOException with a reason, also if it is not a regular file: reading a pipe might block
     */
    static String read(Path file) throws IOException {
        requireFile(file, Files.readAttributes(file, BasicFileAttributes.class));
        byte[] bytes;
        try (InputStream in = Files.newInputStream(file)) {
            bytes = in.readNBytes(MOST_BYTES + 1);
        }
        if (bytes.length > MOST_BYTES) {
            throw new IOException("it has more than " + MOST_BYTES + " bytes");
        }
        try {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(bytes))
                    .toString();
        } catch (CharacterCodingException e) {
            throw new IOException("it is not text in UTF-8", e);
        }
    }

    static void requireFile(Path file, BasicFileAttributes attributes) throws IOException {
        if (!attributes.isRegularFile()) {
            throw new IOException(file + " is " + (attributes.isDirectory() ? "a folder" : "neither file nor folder")
                    + "; move it away");
        }
    }
}
