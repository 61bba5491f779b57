package org.kiobd.store.rocksdb.data;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.kiobd.store.file.FileSpaces;
import org.kiobd.store.file.NativeFile;

/** What the files of a member are on. Tests have a disk that loses at a power cut what was not synced. Thread-safe; calls block. */
interface Disk {
    /** The file system. */
    Disk FILE_SYSTEM = new FileSystem();

    /** Opens a file, which the caller closes. A file that is opened for writing is made if it is missing, for its owner only. */
    BlockFile open(Path path, boolean readOnly) throws IOException;

    boolean exists(Path path);

    /** Returns the names in a folder. */
    List<String> names(Path folder) throws IOException;

    /** Returns the length of a file. */
    long lengthBytes(Path path) throws IOException;

    /** Returns whether a file has more than one hard link. */
    boolean isShared(Path path) throws IOException;

    /** Tells which ranges of a file take space. */
    void walkData(Path path, FileSpaces.Ranges ranges) throws IOException;

    /** Frees the space of a range, which then reads as zeros; returns false if the file system cannot do that. */
    boolean punch(Path path, long offsetBytes, long lengthBytes) throws IOException;

    /** Returns the space that is free for the files of a folder. */
    long usableBytes(Path folder) throws IOException;

    /** Makes the names in a folder durable. */
    void syncFolder(Path folder) throws IOException;

    /** The files of the file system. */
    final class FileSystem implements Disk {
        private FileSystem() {}

        private record Opened(NativeFile file) implements BlockFile {
            @Override
            public int read(ByteBuffer into, long atBytes) throws IOException {
                return file.read(into, atBytes);
            }

            @Override
            public boolean readCached(ByteBuffer into, long atBytes) {
                return file.readCached(into, atBytes);
            }

            @Override
            public int write(ByteBuffer from, long atBytes) throws IOException {
                return file.write(from, atBytes);
            }

            @Override
            public void sync() throws IOException {
                file.sync();
            }

            @Override
            public void close() {
                file.close();
            }
        }

        @Override
        public BlockFile open(Path path, boolean readOnly) throws IOException {
            return new Opened(NativeFile.open(path, readOnly));
        }

        @Override
        public boolean exists(Path path) {
            return Files.exists(path);
        }

        @Override
        public List<String> names(Path folder) throws IOException {
            try (Stream<Path> files = Files.list(folder)) {
                return files.map(file -> String.valueOf(file.getFileName())).toList();
            }
        }

        @Override
        public long lengthBytes(Path path) throws IOException {
            return Files.size(path);
        }

        @Override
        public boolean isShared(Path path) throws IOException {
            return !Integer.valueOf(1).equals(Files.getAttribute(path, "unix:nlink"));
        }

        @Override
        public void walkData(Path path, FileSpaces.Ranges ranges) throws IOException {
            FileSpaces.walkData(path, ranges);
        }

        @Override
        public boolean punch(Path path, long offsetBytes, long lengthBytes) throws IOException {
            return FileSpaces.punch(path, offsetBytes, lengthBytes);
        }

        @Override
        public long usableBytes(Path folder) throws IOException {
            return Files.getFileStore(folder).getUsableSpace();
        }

        @Override
        public void syncFolder(Path folder) throws IOException {
            try (NativeFile opened = NativeFile.open(folder, true)) {
                opened.sync();
            }
        }
    }
}
