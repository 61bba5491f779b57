package org.kiobd.it.vm;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.Set;

/**
 * Writes the "newc" cpio format a Linux kernel unpacks as its first root file system.
 *
 * <p>Written here rather than by the cpio program: it is a header of fourteen fields, and one package fewer to install.
 * Parent folders are added on their own. Single thread.
 */
final class CpioArchive {
    private static final int TYPE_DIRECTORY = 0040000;
    private static final int TYPE_FILE = 0100000;
    private static final int MODE_EXECUTABLE = 0755;
    private static final int ALIGNMENT_BYTES = 4;

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final Set<String> directories = new HashSet<>();
    private int inode;

    /** Adds an executable file at {@code path}, relative to the root. */
    CpioArchive file(String path, byte[] content) {
        int slash = path.lastIndexOf('/');
        if (slash > 0) {
            directory(path.substring(0, slash));
        }
        entry(path, TYPE_FILE | MODE_EXECUTABLE, content);
        return this;
    }

    /** Adds an executable text file at {@code path}. */
    CpioArchive file(String path, String content) {
        return file(path, content.getBytes(StandardCharsets.UTF_8));
    }

    /** Adds a folder and its parents, once each. */
    CpioArchive directory(String path) {
        int slash = path.lastIndexOf('/');
        if (slash > 0) {
            directory(path.substring(0, slash));
        }
        if (directories.add(path)) {
            entry(path, TYPE_DIRECTORY | MODE_EXECUTABLE, new byte[0]);
        }
        return this;
    }

    /** Ends the archive and returns its bytes. */
    byte[] finish() {
        entry("TRAILER!!!", 0, new byte[0]);
        return out.toByteArray();
    }

    private void entry(String path, int mode, byte[] content) {
        byte[] name = (path + "\0").getBytes(StandardCharsets.UTF_8);
        // magic, inode, mode, uid, gid, links, mtime, size, device major/minor, node major/minor, name size, checksum
        String header = "070701%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x"
                .formatted(++inode, mode, 0, 0, 1, 0, content.length, 0, 0, 0, 0, name.length, 0);
        out.writeBytes(header.getBytes(StandardCharsets.US_ASCII));
        out.writeBytes(name);
        pad();
        out.writeBytes(content);
        pad();
    }

    private void pad() {
        while (out.size() % ALIGNMENT_BYTES != 0) {
            out.write(0);
        }
    }
}
